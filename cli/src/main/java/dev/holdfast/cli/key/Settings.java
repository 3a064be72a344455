// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.cli.value.Given;
import dev.holdfast.cli.value.MismatchException;
import dev.holdfast.cli.value.Place;
import dev.holdfast.cli.value.Written;
import dev.holdfast.core.time.Durations;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values in force for one role. */
public final class Settings {

    /** Which of the places that a value may come from it came from; earlier ones come first. */
    public enum Layer {
        /** A flag of the command. */
        FLAG,
        /** A variable for one role. */
        ROLE_VARIABLE,
        /** A variable for every role. */
        SHARED_VARIABLE,
        /** The section of a file for one role. */
        ROLE_SECTION,
        /** A file's top level. */
        SHARED_KEY,
        /** None of them. */
        DEFAULT
    }

    /** A value in force and what it was read from. */
    public record Setting<T>(T value, Given given, Layer layer) {}

    private static final String DEFAULT = "by default";

    private final Map<Key<?>, Setting<?>> settings = new HashMap<>();

    private Settings() {}

    /**
     * Takes for each key the first value that a layer has.
     *
     * @param defaults where the defaults count as written
     * @param faults takes what is wrong with the values in force
     */
    public static Settings resolve(
            Role role, EnumMap<Layer, Map<String, Given>> layers, Place defaults, Faults faults) {
        Settings settings = new Settings();
        for (Key<?> key : role.keys()) {
            settings.resolve(key, layers, new Place(DEFAULT, defaults.base(), defaults.home()), faults);
        }
        if (role == Role.AGENT) {
            AgentKeys.check(settings, faults);
        }
        return settings;
    }

    /** The setting, unless it is unset or faulty. */
    @SuppressWarnings("unchecked") // settings holds a Setting<T> for each Key<T>: see put.
    public <T> @Nullable Setting<T> find(Key<T> key) {
        return (Setting<T>) settings.get(key);
    }

    /** The value of a key that has a default, of settings without faults. */
    public <T> T value(Key<T> key) {
        Setting<T> setting = find(key);
        if (setting == null) {
            throw new IllegalStateException(key.name() + " has no value");
        }
        return setting.value();
    }

    void requireAtLeast(Key<Duration> key, Key<Duration> other, Faults faults) {
        Setting<Duration> upper = find(key);
        Setting<Duration> lower = find(other);
        if (upper == null || lower == null || upper.value().compareTo(lower.value()) >= 0) {
            return;
        }
        String expected = ">= " + other.name() + ", which is " + Durations.print(lower.value()) + " "
                + lower.given().place().text();
        faults.add(
                key.name(),
                Durations.print(upper.value()),
                expected,
                upper.given().place());
    }

    private <T> void resolve(Key<T> key, EnumMap<Layer, Map<String, Given>> layers, Place defaults, Faults faults) {
        for (Map.Entry<Layer, Map<String, Given>> layer : layers.entrySet()) {
            Given given = layer.getValue().get(key.name());
            if (given != null) {
                put(key, given, layer.getKey(), faults);
                return;
            }
        }
        if (key.fallback() != null) {
            put(key, new Given(new Written.Text(key.fallback()), defaults), Layer.DEFAULT, faults);
        }
    }

    private <T> void put(Key<T> key, Given given, Layer layer, Faults faults) {
        try {
            settings.put(key, new Setting<>(key.type().parse(given), given, layer));
        } catch (MismatchException e) {
            String shown = key.isSecret() ? "…" : withoutSecrets(given.written().shown());
            faults.add(key.name(), shown, String.valueOf(e.getMessage()), given.place());
        }
    }

    /** Where a URL carries a password all the same, it goes into no message. */
    private static String withoutSecrets(String shown) {
        return shown.isEmpty() ? "nothing" : shown.replaceAll("//[^/@,]*@", "//…@");
    }
}
