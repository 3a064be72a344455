// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import java.util.Collection;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Which of the known words someone most likely meant. */
public final class Nearest {

    private Nearest() {}

    /**
     * The word that takes the fewest single-letter edits to reach; of equals, the first by alphabet.
     *
     * @param known at least one word
     */
    public static String to(String word, Collection<String> known) {
        return known.stream()
                .sorted()
                .min(Comparator.comparingInt(candidate -> distance(word, candidate)))
                .orElseThrow();
    }

    /** How many letters must be put in, taken out or exchanged to turn {@code a} into {@code b}. */
    static int distance(String a, String b) {
        int[] above = IntStream.rangeClosed(0, b.length()).toArray();
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int exchanged = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(exchanged, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[b.length()];
    }
}
