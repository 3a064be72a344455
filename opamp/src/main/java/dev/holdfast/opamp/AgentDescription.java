// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Who an agent says it is. Immutable; attributes keep their order.
 *
 * @param identifying what tells this agent from others, such as {@code service.name}
 * @param nonIdentifying what else is worth knowing, such as {@code host.name}
 */
public record AgentDescription(Map<String, Value> identifying, Map<String, Value> nonIdentifying) {

    /** An agent that says nothing of itself. */
    public static final AgentDescription EMPTY = new AgentDescription(Map.of(), Map.of());

    /** Copies what it is given. */
    public AgentDescription {
        identifying = Collections.unmodifiableMap(new LinkedHashMap<>(identifying));
        nonIdentifying = Collections.unmodifiableMap(new LinkedHashMap<>(nonIdentifying));
    }

    /** The text of an attribute of either kind, if it is there. */
    public Optional<String> text(String key) {
        Value value = nonIdentifying.getOrDefault(key, identifying.get(key));
        return Optional.ofNullable(value).map(Value::text);
    }

    /** The same with one more non-identifying attribute, or with another value for it. */
    public AgentDescription with(String key, Value value) {
        Map<String, Value> more = new LinkedHashMap<>(nonIdentifying);
        more.put(key, value);
        return new AgentDescription(identifying, more);
    }

    /** The same with all that has a name in the order of the names, so that equal ones have equal bytes. */
    AgentDescription sorted() {
        return new AgentDescription(sorted(identifying), sorted(nonIdentifying));
    }

    private static Map<String, Value> sorted(Map<String, Value> attributes) {
        Map<String, Value> sorted = new TreeMap<>();
        attributes.forEach((key, value) -> sorted.put(key, sorted(value)));
        return sorted;
    }

    private static Value sorted(Value value) {
        return switch (value) {
            case Value.Table table -> new Value.Table(sorted(table.values()));
            case Value.Array array ->
                new Value.Array(
                        array.values().stream().map(AgentDescription::sorted).toList());
            default -> value;
        };
    }

    /** The description as the wire has it, to be kept and read back with {@link #decode}. */
    public byte[] encode() {
        return Translate.toWire(this).toByteArray();
    }

    /**
     * Reads what {@link #encode} gave.
     *
     * @throws WireException if {@code bytes} are something else
     */
    public static AgentDescription decode(byte[] bytes) throws WireException {
        return Wire.readDescription(ByteBuffer.wrap(bytes));
    }
}
