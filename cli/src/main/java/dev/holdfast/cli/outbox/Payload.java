// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import java.io.PrintWriter;

/** Bytes on standard output, as they are. */
final class Payload {

    private Payload() {}

    /** @param out what was printed before, in letters */
    static void write(PrintWriter out, byte[] payload) {
        out.flush();
        System.out.write(payload, 0, payload.length);
        System.out.flush();
    }
}
