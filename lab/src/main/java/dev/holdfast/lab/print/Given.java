// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.print;

import dev.holdfast.core.time.Durations;
import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Values of options, as they are written everywhere. */
public final class Given {

    private Given() {}

    /**
     * How many there are of something.
     *
     * @throws TypeConversionException if it is not from 1 to {@code most}
     */
    public static int count(String value, int most) {
        try {
            int count = Integer.parseInt(value);
            if (count >= 1 && count <= most) {
                return count;
            }
        } catch (NumberFormatException e) {
            // Said below, as for any other that is none.
        }
        throw new TypeConversionException(value + " (expected: a whole number from 1 to " + most + ")");
    }

    /** Reads how long something takes. */
    public static final class Length implements ITypeConverter<Duration> {

        /** @throws TypeConversionException if it is not more than zero */
        @Override
        public Duration convert(String value) {
            return Durations.parse(value)
                    .filter(Duration::isPositive)
                    .orElseThrow(
                            () -> new TypeConversionException(value + " (expected: a duration > 0s, such as 10m)"));
        }
    }

    /** Reads how many there are of something that may be as many as one likes. */
    public static final class Count implements ITypeConverter<Integer> {

        /** @throws TypeConversionException if it is less than one */
        @Override
        public Integer convert(String value) {
            return count(value, Integer.MAX_VALUE);
        }
    }
}
