// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/**
 * What a writer hands over: one line that begins with a name of its own, a blank, and letters that mean nothing.
 *
 * @param id the name, or an empty text if it has none
 * @param hash the SHA-256 of all of it in hexadecimal digits
 */
public record Payload(String id, String hash) {

    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

    private static final int LONGEST_ID = 100;

    /**
     * The text of one.
     *
     * @param id without a blank
     * @param size how long it is, in bytes; as long as the name and a blank at least
     */
    public static String text(String id, int size, RandomGenerator chance) {
        StringBuilder text = new StringBuilder(size).append(id).append(' ');
        while (text.length() < size) {
            text.append(LETTERS.charAt(chance.nextInt(LETTERS.length())));
        }
        return text.toString();
    }

    /** What one that was found says of itself. */
    public static Payload of(byte[] bytes) {
        int end = 0;
        while (end < Math.min(bytes.length, LONGEST_ID) && bytes[end] != ' ') {
            end++;
        }
        boolean named = end < bytes.length && bytes[end] == ' ';
        return new Payload(named ? new String(bytes, 0, end, StandardCharsets.UTF_8) : "", hash(bytes));
    }

    /** The same of a text. */
    public static Payload of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hash(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
