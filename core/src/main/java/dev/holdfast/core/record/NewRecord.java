// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.util.Map;
import java.util.regex.Pattern;

/**
 * What is to be appended.
 *
 * @param lane where it stands in line: {@code [a-z0-9][a-z0-9._-]*}, at most 64 characters
 * @param contentType what the payload is, such as {@code application/json}; at most 255 characters
 * @param headers whatever belongs to it, at most 100; names and values at most 4096 characters each
 * @param payload at most {@link #MOST_PAYLOAD} bytes; not copied, so not to be changed
 */
// Nobody compares records, and a copy of each payload would cost as much as keeping it.
@SuppressWarnings("ArrayRecordComponent")
public record NewRecord(String lane, String contentType, Map<String, String> headers, byte[] payload) {

    /** 1 MiB. */
    public static final int MOST_PAYLOAD = 1 << 20;

    private static final Pattern LANE = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
    private static final int MOST_TEXT = 4096;

    /** @throws IllegalArgumentException if something is out of its range */
    public NewRecord {
        requireLane(lane);
        if (contentType.length() > 255) {
            throw new IllegalArgumentException(
                    "contentType: " + contentType.length() + " characters (expected: at most 255)");
        }
        if (headers.size() > 100) {
            throw new IllegalArgumentException("headers: " + headers.size() + " (expected: at most 100)");
        }
        headers.forEach((name, value) -> {
            if (name.length() > MOST_TEXT || value.length() > MOST_TEXT) {
                throw new IllegalArgumentException("headers: one of " + Math.max(name.length(), value.length())
                        + " characters (expected: at most " + MOST_TEXT + ")");
            }
        });
        if (payload.length > MOST_PAYLOAD) {
            throw new IllegalArgumentException(
                    "payload: " + payload.length + " bytes (expected: at most " + MOST_PAYLOAD + ")");
        }
        headers = Map.copyOf(headers);
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
