// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Wire;
import dev.holdfast.server.fleet.AgentProcess;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What an agent says in the headers of its upgrade or POST; all of it may be left out.
 *
 * @param uid who it is
 * @param stateHash the hash of its full state
 * @param process which process it is
 */
record Announced(
        @Nullable InstanceUid uid,
        @Nullable String stateHash,
        @Nullable AgentProcess process) {

    static final Announced NOTHING = new Announced(null, null, null);

    /** @throws IllegalArgumentException if a header holds what it should not; the message names it */
    static Announced in(HttpHeaders headers) {
        return new Announced(
                read(headers, Wire.Header.INSTANCE_UID, InstanceUid::parse),
                headers.get(Wire.Header.STATE),
                read(headers, Wire.Header.PROCESS, AgentProcess::parse));
    }

    private static <T> @Nullable T read(HttpHeaders headers, String name, Function<String, T> parser) {
        String text = headers.get(name);
        if (text == null) {
            return null;
        }
        try {
            return parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("header " + name + ": " + e.getMessage(), e);
        }
    }
}
