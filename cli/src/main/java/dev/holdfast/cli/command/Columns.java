// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.command;

import java.util.Arrays;
import java.util.List;

/** Rows of words, one below the other. */
public final class Columns {

    private static final String GAP = "  ";

    private Columns() {}

    /** Each row a line, each column as wide as its widest word; all rows have as many words. */
    public static String align(List<List<String>> rows) {
        int[] widths = new int[rows.isEmpty() ? 0 : rows.getFirst().size()];
        for (List<String> row : rows) {
            Arrays.setAll(widths, i -> Math.max(widths[i], printable(row.get(i)).length()));
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String word = printable(row.get(i));
                line.append(word).append(" ".repeat(widths[i] - word.length())).append(GAP);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /** What others wrote, made unable to steer the terminal that shows it. */
    public static String printable(String word) {
        return word.replaceAll("\\p{Cntrl}", "?");
    }
}
