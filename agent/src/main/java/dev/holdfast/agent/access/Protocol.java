// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;

/**
 * How client and agent talk, one question at a time; see {@link Messages} for how values are written.
 *
 * <pre>
 *  agent, once   i32 MAGIC, u8 VERSION, u8 status: OK, or why it does not listen, text of that
 *  client, once  i32 MAGIC, u8 VERSION
 *  client        u8 question, i32 length of what follows, at most MOST_QUESTION
 *                  APPEND   list of records
 *                  READ     text lane, i64 from, i32 most
 *                  DEAD     i64 from, i32 most
 *                  REPLAY   i64 dead letter
 *                  PURGE    i64 dead letter
 *                  ID       nothing
 *                  FIGURES  nothing
 *                  VERIFY   nothing
 *  agent         u8 status, i32 length of what follows
 *                  OK       list of i64 sequences; of items; of dead letters; i64 sequence or 0; nothing; two i64;
 *                           figures; what was found
 *                  others   text
 * </pre>
 */
final class Protocol {

    static final int MAGIC = 0x48464F42;
    static final int VERSION = 1;

    static final int APPEND = 1;
    static final int READ = 2;
    static final int DEAD = 3;
    static final int REPLAY = 4;
    static final int PURGE = 5;
    static final int ID = 6;
    static final int FIGURES = 7;
    static final int VERIFY = 8;

    static final int OK = 0;

    /** Not done, nothing of it. */
    static final int REFUSED = 1;

    /** The disk failed, or the agent. */
    static final int FAILED = 2;

    /** The agent stops, or has no room for one more connection. */
    static final int GONE = 3;

    /** Of a question: twice what an append takes, and room for a record of the largest size. */
    static final int MOST_QUESTION = 4 << 20;

    /** Of an answer. */
    private static final int MOST_ANSWER = 64 << 20;

    /** Of a text in an answer, in characters. */
    private static final int LONGEST_TEXT = 4000;

    private Protocol() {}

    /** Something that writes itself. */
    @FunctionalInterface
    interface Body {
        void write(DataOutputStream out) throws IOException;
    }

    static byte[] bytes(Body body) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        body.write(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    static byte[] text(String text) throws IOException {
        return bytes(out -> out.writeUTF(text.substring(0, Math.min(text.length(), LONGEST_TEXT))));
    }

    /** A question or an answer; to be flushed. */
    static void write(DataOutputStream out, int kind, byte[] body) throws IOException {
        out.writeByte(kind);
        out.writeInt(body.length);
        out.write(body);
    }

    /** The rest of an answer whose status has been read. */
    static byte[] answer(DataInputStream in) throws IOException {
        return body(in, MOST_ANSWER);
    }

    /** A length, and that many bytes. Memory is taken as they arrive. */
    private static byte[] body(DataInputStream in, int most) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > most) {
            throw new IOException(
                    "length: " + Integer.toUnsignedString(length) + " bytes (expected: at most " + most + ")");
        }
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("ended after " + body.length + " of " + length + " bytes");
        }
        return body;
    }
}
