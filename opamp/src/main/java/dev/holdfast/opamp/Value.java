// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.opamp;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an attribute may hold. Immutable. */
public sealed interface Value {

    /** A text. */
    static Value of(String value) {
        return new Text(value);
    }

    /** A number without a fraction. */
    static Value of(long value) {
        return new Int(value);
    }

    /** A number. */
    static Value of(double value) {
        return new Real(value);
    }

    /** A truth value. */
    static Value of(boolean value) {
        return new Bool(value);
    }

    /**
     * The value in the types of the JDK, as a JSON writer takes them: {@code String}, {@code Boolean}, {@code Long},
     * {@code Double}, {@code List}, {@code Map}, Base64 text for bytes, and null for {@link Absent}.
     */
    @Nullable
    Object plain();

    /** The text, or what stands for it where this is something else. */
    default String text() {
        return String.valueOf(plain());
    }

    /** {@link #plain} of every entry, in order. */
    static Map<String, @Nullable Object> plain(Map<String, Value> attributes) {
        Map<String, @Nullable Object> plain = new LinkedHashMap<>();
        attributes.forEach((key, value) -> plain.put(key, value.plain()));
        return plain;
    }

    /** A text. */
    record Text(String value) implements Value {
        @Override
        public Object plain() {
            return value;
        }
    }

    /** A truth value. */
    record Bool(boolean value) implements Value {
        @Override
        public Object plain() {
            return value;
        }
    }

    /** A number without a fraction. */
    record Int(long value) implements Value {
        @Override
        public Object plain() {
            return value;
        }
    }

    /** A number. */
    record Real(double value) implements Value {
        @Override
        public Object plain() {
            return value;
        }
    }

    /** Values in order. */
    record Array(List<Value> values) implements Value {

        /** Copies what it is given. */
        public Array {
            values = List.copyOf(values);
        }

        @Override
        public Object plain() {
            return values.stream().map(Value::plain).collect(Collectors.toCollection(ArrayList::new));
        }
    }

    /** Values by name, in order. */
    record Table(Map<String, Value> values) implements Value {

        /** Copies what it is given. */
        public Table {
            values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        }

        @Override
        public Object plain() {
            return Value.plain(values);
        }
    }

    /** Bytes. */
    record Blob(ByteBuffer bytes) implements Value {

        /** Takes a read-only view. */
        public Blob {
            bytes = bytes.asReadOnlyBuffer();
        }

        /** A view of its own for each caller. */
        @Override
        public ByteBuffer bytes() {
            return bytes.duplicate();
        }

        @Override
        public Object plain() {
            return Base64.getEncoder().encodeToString(Wire.copy(bytes));
        }
    }

    /** A value that the peer left unset. */
    record Absent() implements Value {
        @Override
        public @Nullable Object plain() {
            return null;
        }
    }
}
