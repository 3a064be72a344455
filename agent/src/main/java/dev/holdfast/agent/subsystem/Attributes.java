// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import dev.holdfast.opamp.Value;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Attributes as they are gathered. What comes first stays; texts are cut to {@link #LONGEST} characters on one line,
 * and what is empty is left out. Not safe for use by several threads.
 */
final class Attributes {

    /** The longest text: {@value} characters. */
    static final int LONGEST = 256;

    /** The longest list: {@value} texts. */
    static final int MOST = 32;

    private final Map<String, Value> gathered = new LinkedHashMap<>();

    void put(String name, String text) {
        String line = line(text);
        if (!line.isEmpty()) {
            gathered.putIfAbsent(name, Value.of(line));
        }
    }

    void put(String name, Optional<String> text) {
        text.ifPresent(there -> put(name, there));
    }

    void put(String name, long number) {
        gathered.putIfAbsent(name, Value.of(number));
    }

    void put(String name, Collection<String> texts) {
        if (!texts.isEmpty()) {
            gathered.putIfAbsent(
                    name,
                    new Value.Array(texts.stream()
                            .limit(MOST)
                            .map(text -> Value.of(line(text)))
                            .toList()));
        }
    }

    /** Whether there is one of that name. */
    boolean has(String name) {
        return gathered.containsKey(name);
    }

    /** All of them, in the order in which they came. */
    Map<String, Value> all() {
        return Collections.unmodifiableMap(gathered);
    }

    private static String line(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ").strip();
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST);
    }
}
