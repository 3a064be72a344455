// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.core.time.Durations;
import dev.holdfast.server.ServerConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The types there are. Immutable. */
public final class Types {

    /** More than none, and at most {@link Durations#LONGEST}. */
    public static final Type<Duration> DURATION = Type.word(
            "duration", "a duration > 0s, such as 15s", text -> duration(text, "a duration > 0s, such as 15s"));

    /** The same, without fractions of a second. */
    public static final Type<Duration> WHOLE_SECONDS = wholeSeconds();

    /** A path, made absolute from where it was written. */
    public static final Type<Path> PATH = path();

    /** One or more URLs that an agent can connect to. */
    public static final Type<List<URI>> SERVERS = servers();

    /** Names with values, in the order in which they were written. */
    public static final Type<Map<String, String>> LABELS = new Type<>(
            "labels",
            "names with values, such as {site: berlin, rack: 4} in a file and site=berlin,rack=4 elsewhere",
            Types::labels);

    /** Names with whole numbers from 1 on, written as labels are. */
    public static final Type<Map<String, Integer>> COUNTS = new Type<>(
            "names with numbers",
            "names with whole numbers >= 1, such as {system: 10} in a file and system=10 elsewhere",
            Types::counts);

    /** Yes or no. */
    public static final Type<Boolean> FLAG = Type.word("true or false", "true or false", Types::flag);

    /** One line of text with something in it. */
    public static final Type<String> TEXT = Type.word("text", "a text on one line", Types::text);

    /** A text that nothing prints. */
    public static final Type<String> SECRET = Type.word("secret", "a text on one line", Types::text);

    /** The same, kept on the first line of a file. */
    public static final Type<String> SECRET_FILE = secretFile();

    /** A proxy, or where to look for one. */
    public static final Type<ProxyChoice> PROXY = Type.word("proxy", Types.PROXY_EXPECTED, Types::proxy);

    /** A host and a port; the host is looked up. */
    public static final Type<InetSocketAddress> ADDRESS = Type.word("address", Types.ADDRESS_EXPECTED, Types::address);

    /** A number of bytes that the largest message of an outbox does not exceed, up to 1 GiB. */
    public static final Type<Integer> MESSAGE_SIZE = size(ServerConfig.LEAST_MESSAGE_LIMIT, 1 << 30);

    private static final int MOST_PORT = 65_535;

    private static final BigDecimal LONGEST_MILLIS = BigDecimal.valueOf(Durations.LONGEST.toMillis());

    private static final String ADDRESS_EXPECTED = "HOST:PORT with a port from 0 to 65535, such as 127.0.0.1:4320";

    private static final String PROXY_EXPECTED =
            "environment, none, or an http URL of a host and a port, such as http://proxy.example:3128";

    private static final Pattern HOST_PORT = Pattern.compile("(\\[[0-9a-fA-F:.%]+]|[^:\\[\\]\\s/]+):(\\d{1,5})");

    private Types() {}

    /** One of the names of an enumeration, in small letters and with hyphens. */
    public static <E extends Enum<E>> Type<E> choice(Class<E> of) {
        Map<String, E> choices = new LinkedHashMap<>();
        for (E each : of.getEnumConstants()) {
            choices.put(word(each), each);
        }
        return choice(choices);
    }

    /** The same, or a word that stands for none of them. */
    public static <E extends Enum<E>> Type<Optional<E>> choiceOr(String none, Class<E> of) {
        Map<String, Optional<E>> choices = new LinkedHashMap<>();
        choices.put(none, Optional.empty());
        for (E each : of.getEnumConstants()) {
            choices.put(word(each), Optional.of(each));
        }
        return choice(choices);
    }

    private static <T> Type<T> choice(Map<String, T> choices) {
        String expected = String.join(" or ", choices.keySet());
        return Type.word(
                "word",
                expected,
                text -> Optional.ofNullable(choices.get(text)).orElseThrow(() -> new MismatchException(expected)));
    }

    /** How {@link #choice} writes one. */
    public static String word(Enum<?> of) {
        return of.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** A whole number of a range that includes both ends. */
    public static Type<Integer> integer(int least, int most) {
        String expected = "a whole number from " + least + " to " + most;
        return Type.word("number", expected, text -> whole(text, least, most, expected));
    }

    private static Integer whole(String text, int least, int most, String expected) throws MismatchException {
        try {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // Falls through to the same answer as a number out of the range.
        }
        throw new MismatchException(expected);
    }

    /** A whole number of a range that includes both ends, or {@code unlimited}, which is {@code 0}. */
    public static Type<Integer> rate(int most) {
        String expected = "a whole number from 1 to " + most + ", or unlimited";
        return Type.word(
                "number",
                expected,
                text -> text.equals("unlimited") ? Integer.valueOf(0) : whole(text, 0, most, expected));
    }

    /** A number of a range that includes both ends, with or without a fraction; {@code expected} says which. */
    public static Type<Double> number(double least, double most, String expected) {
        return Type.word("number", expected, text -> {
            try {
                double number = Double.parseDouble(text);
                if (number >= least && number <= most) {
                    return number;
                }
            } catch (NumberFormatException notANumber) {
                // Falls through to the same answer as a number out of the range.
            }
            throw new MismatchException(expected);
        });
    }

    /** A number of bytes from 1 to 1 GiB. */
    public static Type<Integer> size() {
        return size("a size from 1 byte to 1GiB, such as 64MiB", 1, 1 << 30);
    }

    /** A number of bytes of a range that includes both ends. */
    public static Type<Integer> size(int least, int most) {
        return size("a size from " + Sizes.print(least) + " to " + Sizes.print(most), least, most);
    }

    private static Type<Integer> size(String expected, int least, int most) {
        return Type.word("size", expected, text -> {
            long bytes = Sizes.parse(text).orElseThrow(() -> new MismatchException(expected));
            if (bytes < least || bytes > most) {
                throw new MismatchException(expected);
            }
            return Math.toIntExact(bytes);
        });
    }

    /** A number of bytes from 1 to 1,048,576 GiB. */
    public static Type<Long> largeSize() {
        String expected = "a size from 1 byte to 1048576GiB, such as 10GiB";
        return Type.word("size", expected, text -> {
            long bytes = Sizes.parse(text).orElseThrow(() -> new MismatchException(expected));
            if (bytes < 1 || bytes > 1L << 50) {
                throw new MismatchException(expected);
            }
            return bytes;
        });
    }

    private static Duration duration(String text, String expected) throws MismatchException {
        Duration duration = Durations.parse(text).orElseThrow(() -> new MismatchException(expected));
        if (!duration.isPositive()) {
            throw new MismatchException(expected);
        }
        if (duration.compareTo(Durations.LONGEST) > 0) {
            throw new MismatchException("a duration <= " + Durations.print(Durations.LONGEST));
        }
        return duration;
    }

    private static Type<Duration> wholeSeconds() {
        String expected = "a duration in whole seconds, >= 1s, such as 5s";
        return Type.word("duration", expected, text -> {
            Duration duration = duration(text, expected);
            if (duration.toMillisPart() != 0) {
                throw new MismatchException(expected);
            }
            return duration;
        });
    }

    private static Type<Path> path() {
        String expected = "a path, such as ~/.holdfast";
        return new Type<>("path", expected, given -> {
            if (given.written() instanceof Written.Text text && !text.shown().isBlank()) {
                try {
                    return given.place().resolve(text.shown()).toAbsolutePath().normalize();
                } catch (InvalidPathException notAPath) {
                    throw new MismatchException(expected);
                }
            }
            throw new MismatchException(expected);
        });
    }

    /** A number of some unit of time, as other systems write a duration; read as one is written here. */
    public static Type<String> countOf(Duration unit, String units) {
        String expected = "a number of " + units + ", such as 5";
        return Type.word("number", expected, text -> {
            try {
                BigDecimal millis = new BigDecimal(text).multiply(BigDecimal.valueOf(unit.toMillis()));
                if (millis.signum() >= 0 && millis.compareTo(LONGEST_MILLIS) <= 0) {
                    return Durations.print(Duration.ofMillis(millis.longValueExact()));
                }
            } catch (ArithmeticException | NumberFormatException notOne) {
                // Falls through to the same answer as a number out of the range.
            }
            throw new MismatchException(expected);
        });
    }

    /** One word that is taken, and no other. */
    public static Type<String> only(String word, String expected) {
        return Type.word("word", expected, text -> {
            if (text.equals(word)) {
                return text;
            }
            throw new MismatchException(expected);
        });
    }

    private static String text(String text) throws MismatchException {
        if (text.isBlank() || text.lines().count() > 1) {
            throw new MismatchException(TEXT.expected());
        }
        return text;
    }

    private static Type<String> secretFile() {
        String expected = "a file that can be read, with the secret on its first line";
        return new Type<>("path", expected, given -> {
            Path file = PATH.parse(given);
            try (BufferedReader reader = Files.newBufferedReader(file)) {
                String secret = reader.readLine();
                if (secret != null && !secret.isBlank()) {
                    return secret;
                }
            } catch (IOException unreadable) {
                throw new MismatchException(expected);
            }
            throw new MismatchException(expected);
        });
    }

    private static ProxyChoice proxy(String text) throws MismatchException {
        return switch (text) {
            case "environment" -> new ProxyChoice.FromEnvironment();
            case "none" -> new ProxyChoice.None();
            default -> new ProxyChoice.At(proxyUrl(text));
        };
    }

    private static URI proxyUrl(String text) throws MismatchException {
        URI url;
        try {
            url = URI.create(text);
        } catch (IllegalArgumentException notAUrl) {
            throw new MismatchException(PROXY_EXPECTED);
        }
        if (text.contains("@")) {
            throw new MismatchException(
                    "a URL without user information; it goes into proxy.username and proxy.password");
        }
        boolean plain = Set.of("", "/").contains(String.valueOf(url.getRawPath()))
                && url.getRawQuery() == null
                && url.getRawFragment() == null;
        if (!"http".equals(url.getScheme()) || url.getHost() == null || !isPort(url.getPort()) || !plain) {
            throw new MismatchException(PROXY_EXPECTED);
        }
        return url;
    }

    private static boolean isPort(int port) {
        return port > 0 && port <= MOST_PORT;
    }

    private static Type<List<URI>> servers() {
        String expected = "a ws, wss, http or https URL with a host, or several, such as ws://127.0.0.1:4320";
        return new Type<>("URL or list of URLs", expected, given -> {
            List<URI> servers = new ArrayList<>();
            for (String item : items(given.written(), expected)) {
                servers.add(server(item, expected));
            }
            if (servers.isEmpty()) {
                throw new MismatchException(expected);
            }
            return servers;
        });
    }

    private static URI server(String text, String expected) throws MismatchException {
        try {
            URI server = URI.create(text);
            LinkConfig.of(server);
            return server;
        } catch (IllegalArgumentException notAServer) {
            throw new MismatchException(text.contains("@") ? "a URL without user information" : expected);
        }
    }

    private static Map<String, String> labels(Given given) throws MismatchException {
        if (given.written() instanceof Written.Entries entries) {
            return entries.entries();
        }
        Map<String, String> labels = new LinkedHashMap<>();
        for (String item : items(given.written(), LABELS.expected())) {
            int equals = item.indexOf('=');
            if (equals < 1) {
                throw new MismatchException(LABELS.expected());
            }
            if (labels.put(
                            item.substring(0, equals).strip(),
                            item.substring(equals + 1).strip())
                    != null) {
                throw new MismatchException("each name once");
            }
        }
        return labels;
    }

    private static Map<String, Integer> counts(Given given) throws MismatchException {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Map.Entry<String, String> label : labels(given).entrySet()) {
            try {
                counts.put(label.getKey(), Integer.parseInt(label.getValue()));
            } catch (NumberFormatException notANumber) {
                throw new MismatchException(COUNTS.expected());
            }
        }
        if (counts.values().stream().anyMatch(count -> count < 1)) {
            throw new MismatchException(COUNTS.expected());
        }
        return counts;
    }

    private static boolean flag(String text) throws MismatchException {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new MismatchException("true or false");
        };
    }

    private static List<String> items(Written written, String expected) throws MismatchException {
        return switch (written) {
            case Written.Items items -> items.items();
            case Written.Text text -> words(text.shown());
            case Written.Entries entries -> throw new MismatchException(expected);
        };
    }

    private static List<String> words(String text) {
        return text.isBlank()
                ? List.of()
                : Pattern.compile(",").splitAsStream(text).map(String::strip).toList();
    }

    private static InetSocketAddress address(String text) throws MismatchException {
        Matcher parts = HOST_PORT.matcher(text);
        if (!parts.matches() || Integer.parseInt(parts.group(2)) > MOST_PORT) {
            throw new MismatchException(ADDRESS_EXPECTED);
        }
        String host = parts.group(1).replaceAll("[\\[\\]]", "");
        return new InetSocketAddress(host, Integer.parseInt(parts.group(2)));
    }
}
