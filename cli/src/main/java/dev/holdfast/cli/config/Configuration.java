// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.agent.AgentConfig;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.key.AgentKeys;
import dev.holdfast.cli.key.ConfigurationException;
import dev.holdfast.cli.key.Faults;
import dev.holdfast.cli.key.Key;
import dev.holdfast.cli.key.LogKeys;
import dev.holdfast.cli.key.LogKeys.LogConfig;
import dev.holdfast.cli.key.Role;
import dev.holdfast.cli.key.ServerKeys;
import dev.holdfast.cli.key.Settings;
import dev.holdfast.cli.key.Settings.Layer;
import dev.holdfast.cli.key.Settings.Setting;
import dev.holdfast.cli.value.Given;
import dev.holdfast.cli.value.Place;
import dev.holdfast.cli.value.Written;
import dev.holdfast.server.ServerConfig;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file of settings and the environment, from which either role's configuration is made.
 *
 * <p>A flag comes first, then the role's variable, the variable for all, the role's section of the file, its key for
 * all, and the default. Only the value in force must be valid; what matches no key is a fault wherever it stands.
 * Immutable.
 */
public final class Configuration {

    private final ConfigFile file;
    private final Environment environment;
    private final Map<String, String> variables;
    private final Path base;
    private final Path home;

    private Configuration(
            ConfigFile file, Environment environment, Map<String, String> variables, Path base, Path home) {
        this.file = file;
        this.environment = environment;
        this.variables = Map.copyOf(variables);
        this.base = base;
        this.home = home;
    }

    /** What both roles are told, each by its own configuration. */
    public record Both(ServerConfig server, AgentConfig agent) {}

    /**
     * Reads both sources. What is wrong with them is told when a configuration is made from them.
     *
     * @param file where settings are written, or null
     * @param variables the environment
     */
    public static Configuration read(@Nullable Path file, Map<String, String> variables) {
        Path base = Path.of("").toAbsolutePath();
        Path home = base.resolve(variables.getOrDefault("HOME", System.getProperty("user.home", "")));
        return new Configuration(
                file == null ? ConfigFile.none(base, home) : ConfigFile.read(file, home),
                Environment.read(variables, base, home),
                variables,
                base,
                home);
    }

    /**
     * What an agent is told.
     *
     * @param flags key to the values of its flag
     * @throws CommandException with every fault of the sources and of the agent's settings
     */
    public AgentConfig agent(Map<String, List<String>> flags) throws CommandException {
        Settings settings = settings(Role.AGENT, flags);
        try {
            return AgentKeys.config(settings, variables);
        } catch (IllegalArgumentException notAProxy) {
            Faults faults = new Faults();
            faults.add(notAProxy.getMessage() + ", in the environment");
            faults.raise();
            throw notAProxy;
        }
    }

    /**
     * What a server is told.
     *
     * @param flags key to the values of its flag
     * @throws CommandException with every fault of the sources and of the server's settings
     */
    public ServerConfig server(Map<String, List<String>> flags) throws CommandException {
        return ServerKeys.config(settings(Role.SERVER, flags));
    }

    /**
     * How a process of a role logs.
     *
     * @param flags key to the values of its flag
     * @throws CommandException with every fault of the sources and of the role's settings
     */
    public LogConfig log(Role role, Map<String, List<String>> flags) throws CommandException {
        return LogKeys.config(settings(role, flags));
    }

    /**
     * The values in force for a role.
     *
     * @param flags key to the values of its flag
     * @throws ConfigurationException with every fault of the sources and of the role's settings
     */
    public Settings settings(Role role, Map<String, List<String>> flags) throws ConfigurationException {
        Faults faults = sourceFaults();
        Settings settings = settings(role, flags, faults);
        faults.raise();
        return settings;
    }

    /**
     * What both are told when they are started together. Each has a directory of its own: the one that is set for its
     * role, else one named after the role in the directory that is set for all.
     *
     * @param flags key to the values of its flag; those that are no key of a role say nothing to it
     * @throws CommandException with every fault of the sources and of either role's settings
     */
    public Both both(Map<String, List<String>> flags) throws CommandException {
        Faults faults = sourceFaults();
        Settings server = settings(Role.SERVER, flags, faults);
        Settings agent = settings(Role.AGENT, flags, faults);
        faults.raise();
        Map<String, List<String>> serverFlags = withOwnData(flags, server.find(ServerKeys.DATA), Role.SERVER);
        Map<String, List<String>> agentFlags = withOwnData(flags, agent.find(AgentKeys.DATA), Role.AGENT);
        return new Both(server(serverFlags), agent(agentFlags));
    }

    /**
     * Checks a file by itself and together with the environment.
     *
     * @return what is worth knowing of it all the same, a line each
     * @throws ConfigurationException with every fault, for both roles
     */
    static List<String> check(Path file, Map<String, String> variables) throws ConfigurationException {
        Map<String, String> withoutOurs = new HashMap<>(variables);
        withoutOurs.keySet().removeIf(name -> name.startsWith(Key.PREFIX));
        Faults faults = new Faults();
        for (Map<String, String> environment : List.of(withoutOurs, variables)) {
            Configuration configuration = read(file, environment);
            faults.addAll(configuration.sourceFaults());
            for (Role role : Role.values()) {
                configuration.settings(role, Map.of(), faults);
            }
        }
        faults.raise();
        return read(file, withoutOurs).file.taken().stream()
                .map(taken -> taken.alias().name() + ": read as "
                        + taken.alias().meaning() + ", " + taken.place().text())
                .toList();
    }

    /** The values in force for a role, as far as they are valid. */
    Settings validSettings(Role role) {
        return settings(role, Map.of(), new Faults());
    }

    /** The directory that is set for the server or for all in the environment, if any, else {@code ~/.holdfast}. */
    public static Path fleetDirectory(Map<String, String> variables) {
        Configuration configuration = read(null, variables);
        Setting<Path> data =
                configuration.settings(Role.SERVER, Map.of(), new Faults()).find(ServerKeys.DATA);
        if (data == null || data.layer() == Layer.DEFAULT) {
            return configuration.home.resolve(".holdfast");
        }
        return data.value();
    }

    private Settings settings(Role role, Map<String, List<String>> flags, Faults faults) {
        EnumMap<Layer, Map<String, Given>> layers = new EnumMap<>(Layer.class);
        layers.put(Layer.FLAG, flagLayer(flags));
        layers.put(Layer.ROLE_VARIABLE, environment.own(role));
        layers.put(Layer.SHARED_VARIABLE, environment.shared());
        layers.put(Layer.ROLE_SECTION, file.own(role));
        layers.put(Layer.SHARED_KEY, file.shared());
        return Settings.resolve(role, layers, place("by default"), faults);
    }

    private Map<String, Given> flagLayer(Map<String, List<String>> flags) {
        Map<String, Given> layer = new HashMap<>();
        flags.forEach((key, values) -> {
            Written written = values.size() == 1 ? new Written.Text(values.getFirst()) : new Written.Items(values);
            String flag = key.equals("labels") ? "label" : key.replace('.', '-').replace('_', '-');
            layer.put(key, new Given(written, place("in flag --" + flag)));
        });
        return layer;
    }

    private static Map<String, List<String>> withOwnData(
            Map<String, List<String>> flags, @Nullable Setting<Path> data, Role role) {
        if (data == null) {
            return flags;
        }
        boolean shared =
                data.layer() == Layer.FLAG || data.layer() == Layer.SHARED_VARIABLE || data.layer() == Layer.SHARED_KEY;
        Path own = shared ? data.value().resolve(role.title()) : data.value();
        Map<String, List<String>> flagsOfRole = new LinkedHashMap<>(flags);
        flagsOfRole.put("data", List.of(own.toString()));
        return flagsOfRole;
    }

    private Faults sourceFaults() {
        Faults faults = new Faults();
        faults.addAll(file.faults());
        faults.addAll(environment.faults());
        return faults;
    }

    private Place place(String text) {
        return new Place(text, base, home);
    }
}
