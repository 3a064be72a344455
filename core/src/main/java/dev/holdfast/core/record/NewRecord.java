// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.util.Map;
import java.util.regex.Pattern;

/**
 * What is to be appended.
 *
 * @param lane where it stands in line: {@code [a-z0-9][a-z0-9._-]*}, at most 64 characters
 * @param contentType what the payload is, such as {@code application/json}; at most 255 characters
 * @param headers whatever belongs to it, at most 64; names at most 128 characters each, values 4096, all together
 *     16,384
 * @param payload at most {@link #MOST_PAYLOAD} bytes; not copied, so not to be changed
 */
// Nobody compares records, and a copy of each payload would cost as much as keeping it.
@SuppressWarnings("ArrayRecordComponent")
public record NewRecord(String lane, String contentType, Map<String, String> headers, byte[] payload) {

    /** 1 MiB. */
    public static final int MOST_PAYLOAD = 1 << 20;

    private static final Pattern LANE = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
    private static final int MOST_HEADERS = 64;
    private static final int LONGEST_NAME = 128;
    private static final int LONGEST_VALUE = 4096;
    private static final int MOST_LETTERS = 16_384;

    /** @throws IllegalArgumentException if something is out of its range */
    public NewRecord {
        requireLane(lane);
        requireBounds(contentType, headers, payload.length);
        headers = Map.copyOf(headers);
    }

    /**
     * Sees to it that a record is not more than it may be.
     *
     * @param payload how long its payload is
     * @throws IllegalArgumentException if it is; the message names what of it
     */
    public static void requireBounds(String contentType, Map<String, String> headers, int payload) {
        if (contentType.length() > 255) {
            throw new IllegalArgumentException(
                    "contentType: " + contentType.length() + " characters (expected: at most 255)");
        }
        if (headers.size() > MOST_HEADERS) {
            throw new IllegalArgumentException(
                    "headers: " + headers.size() + " (expected: at most " + MOST_HEADERS + ")");
        }
        int letters = 0;
        for (Map.Entry<String, String> header : headers.entrySet()) {
            requireLength("header name", header.getKey(), LONGEST_NAME);
            requireLength("header " + header.getKey(), header.getValue(), LONGEST_VALUE);
            letters += header.getKey().length() + header.getValue().length();
        }
        if (letters > MOST_LETTERS) {
            throw new IllegalArgumentException(
                    "headers: " + letters + " characters (expected: at most " + MOST_LETTERS + " together)");
        }
        if (payload > MOST_PAYLOAD) {
            throw new IllegalArgumentException(
                    "payload: " + payload + " bytes (expected: at most " + MOST_PAYLOAD + ")");
        }
    }

    private static void requireLength(String what, String text, int most) {
        if (text.length() > most) {
            throw new IllegalArgumentException(
                    what + ": " + text.length() + " characters (expected: at most " + most + ")");
        }
    }

    /** One without headers. */
    public static NewRecord of(String lane, String contentType, byte[] payload) {
        return new NewRecord(lane, contentType, Map.of(), payload);
    }

    /**
     * Sees to it that a lane has a name that it may have.
     *
     * @throws IllegalArgumentException if not
     */
    public static void requireLane(String lane) {
        if (!LANE.matcher(lane).matches()) {
            throw new IllegalArgumentException(
                    "lane: " + lane + " (expected: " + LANE.pattern() + ", such as metrics)");
        }
    }
}
