// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

/**
 * What a key takes.
 *
 * @param name in one or two words
 * @param expected what is taken, as a message says it
 * @param parser from what was written to the value
 */
public record Type<T>(String name, String expected, Parser<T> parser) {

    /** From what was written to a value. */
    @FunctionalInterface
    interface Parser<T> {
        /**
         * Reads a value.
         *
         * @throws MismatchException with what was expected
         */
        T parse(Given given) throws MismatchException;
    }

    /** From one word to a value. */
    @FunctionalInterface
    interface WordParser<T> {
        /**
         * Reads a value.
         *
         * @throws MismatchException with what was expected
         */
        T parse(String word) throws MismatchException;
    }

    /** A type whose values are written as one word. */
    static <T> Type<T> word(String name, String expected, WordParser<T> parser) {
        return new Type<>(name, expected, given -> {
            if (given.written() instanceof Written.Text text) {
                return parser.parse(text.shown());
            }
            throw new MismatchException(expected);
        });
    }

    /**
     * The value that was meant.
     *
     * @throws MismatchException if it is not of this type, with what was expected
     */
    public T parse(Given given) throws MismatchException {
        return parser.parse(given);
    }
}
