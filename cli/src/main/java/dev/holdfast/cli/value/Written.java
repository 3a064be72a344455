// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A value as someone wrote it, before anyone asked what it means. */
public sealed interface Written {

    /** As a message or a default shows it. */
    String shown();

    /** One word, as flags and variables always give it. */
    record Text(String shown) implements Written {}

    /** A list, as a file or a repeated flag gives it. */
    record Items(List<String> items) implements Written {
        @Override
        public String shown() {
            return String.join(",", items);
        }
    }

    /** Names with values, as only a file gives it. */
    record Entries(Map<String, String> entries) implements Written {
        @Override
        public String shown() {
            return entries.entrySet().stream()
                    .map(entry -> entry.getKey() + "=" + entry.getValue())
                    .collect(Collectors.joining(","));
        }
    }
}
