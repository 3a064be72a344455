// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import dev.holdfast.cli.value.Type;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One thing that can be set.
 *
 * @param name words joined by dots, as in a file
 * @param fallback the default as someone would write it; null if the key may stay unset
 * @param doc one sentence
 */
record Key<T>(String name, Type<T> type, @Nullable String fallback, String doc) {

    /** What every variable that is ours begins with. */
    static final String PREFIX = "HOLDFAST_";

    /** The environment variable that sets it for every role that has it. */
    String variable() {
        return PREFIX + name.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    /** The environment variable that sets it for one role. */
    String variable(Role role) {
        return PREFIX + role.name() + variable().substring(PREFIX.length() - 1);
    }
}
