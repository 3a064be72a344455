// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.key;

import dev.holdfast.cli.value.Type;
import dev.holdfast.cli.value.Types;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One thing that can be set.
 *
 * @param name words joined by dots, as in a file
 * @param fallback the default as someone would write it; null if the key may stay unset
 * @param doc one sentence
 */
public record Key<T>(String name, Type<T> type, @Nullable String fallback, String doc) {

    /** What every variable that is ours begins with. */
    public static final String PREFIX = "HOLDFAST_";

    /** Whether its value is kept out of all that is printed. */
    public boolean isSecret() {
        return type.equals(Types.SECRET);
    }

    /** The environment variable that sets it for every role that has it. */
    public String variable() {
        return PREFIX + name.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    /** The environment variable that sets it for one role. */
    public String variable(Role role) {
        return PREFIX + role.name() + variable().substring(PREFIX.length() - 1);
    }
}
