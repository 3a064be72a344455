// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * What whoever started the agent says of it in {@code OTEL_RESOURCE_ATTRIBUTES}, as for any program that OpenTelemetry
 * observes: {@code name=value,name=value}, where anything may be percent-encoded. It comes before what is found out.
 */
final class ResourceAttributes {

    static final String VARIABLE = "OTEL_RESOURCE_ATTRIBUTES";

    /** How many are taken: {@value}. */
    private static final int MOST = 64;

    /** Who the agent is it says itself. */
    private static final Set<String> OWN = Set.of("service.name", "service.version", "service.instance.id");

    private ResourceAttributes() {}

    static void describe(Surroundings surroundings, Attributes attributes) {
        String text = surroundings.variable(VARIABLE).orElse("");
        int taken = 0;
        for (String pair : text.split(",", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0 && taken < MOST) {
                String name = decoded(pair.substring(0, equals));
                if (!name.isEmpty() && name.length() <= Attributes.LONGEST && !OWN.contains(name)) {
                    attributes.put(name, decoded(pair.substring(equals + 1)));
                    taken++;
                }
            }
        }
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text.strip().replace("+", "%2B"), StandardCharsets.UTF_8)
                    .strip();
        } catch (IllegalArgumentException notEncoded) {
            // A % that begins nothing: whoever wrote it meant the text as it stands.
            return text.strip();
        }
    }
}
