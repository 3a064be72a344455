// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.Columns;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * Prints what there is of something, however much it is: as a table, some rows at a time under each other, or as one
 * JSON array. For one thread.
 */
final class Listing {

    private static final int PAGE = 1000;

    private final PrintWriter out;
    private final boolean wantsJson;
    private final List<List<String>> rows = new ArrayList<>();
    private final List<String> headings;
    private long count;

    Listing(PrintWriter out, boolean wantsJson, List<String> headings) {
        this.out = out;
        this.wantsJson = wantsJson;
        this.headings = headings;
    }

    /** Bytes on standard output as they are, after what was printed in letters. */
    static void printRaw(PrintWriter out, byte[] bytes) {
        out.flush();
        System.out.write(bytes, 0, bytes.length);
        System.out.flush();
    }

    /** One more, of which one of the two is made. */
    void add(Supplier<List<String>> row, Supplier<JsonNode> json) {
        if (wantsJson) {
            out.print((count == 0 ? "[" : ",\n") + json.get());
        } else {
            if (count == 0) {
                rows.add(headings);
            }
            rows.add(row.get());
            if (rows.size() == PAGE) {
                print();
            }
        }
        count++;
    }

    private void print() {
        out.print(Columns.align(rows));
        rows.clear();
    }

    /** @param summary a last line, for people */
    void end(String summary) {
        if (wantsJson) {
            out.println(count == 0 ? "[]" : "]");
        } else {
            print();
            out.println(summary);
        }
        out.flush();
    }

    long count() {
        return count;
    }

    /** Whether nobody reads it any more, as behind {@code head}. */
    boolean isUnread() {
        return out.checkError();
    }
}
