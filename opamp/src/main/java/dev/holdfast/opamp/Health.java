// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How an agent or a part of it is doing. Immutable.
 *
 * @param healthy whether all is well
 * @param startedAt when it started, if it says so
 * @param lastError the last thing that went wrong, or empty
 * @param status a word of its own, or empty
 * @param at when this was so, if it says so
 * @param components the same of its parts, by name
 * @param attributes figures that go with it
 */
public record Health(
        boolean healthy,
        @Nullable Instant startedAt,
        String lastError,
        String status,
        @Nullable Instant at,
        Map<String, Health> components,
        Map<String, Value> attributes) {

    /** Copies what it is given. */
    public Health {
        components = Collections.unmodifiableMap(new LinkedHashMap<>(components));
        attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    }

    /** All is well, and no more to say. */
    public static Health good() {
        return new Health(true, null, "", "", null, Map.of(), Map.of());
    }
}
