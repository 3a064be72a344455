// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.core.record.NewRecord;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The agent's end of one connection. {@link #run} has a thread of its own, which answers one question after the other;
 * everything else may be called by any thread.
 */
final class Connection implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(AccessSocket.class);

    /** What an answer may take in memory, however short the question. */
    private static final int LARGE_ANSWER = 2 << 20;

    /** An append is there as it came, as records, and as it is written. */
    private static final int COPIES = 3;

    private final SocketChannel channel;
    private final OutboxCalls outbox;
    private final Semaphore memory;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private volatile boolean isStopping;

    /** Counts up with each change between waiting for the client, when it is odd, and anything else. */
    private final AtomicInteger turns = new AtomicInteger(1);

    /** What {@link #turns} was when it was looked at last; for those who look alone. */
    private int turnsSeen;

    /** @param memory bytes that all connections may have in questions and answers */
    Connection(SocketChannel channel, OutboxCalls outbox, Semaphore memory) {
        this.channel = channel;
        this.outbox = outbox;
        this.memory = memory;
        this.in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel)));
        this.out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel)));
    }

    /** Says whether the agent listens. */
    static void greet(DataOutputStream out, int status, String why) throws IOException {
        out.writeInt(Protocol.MAGIC);
        out.writeByte(Protocol.VERSION);
        out.writeByte(status);
        out.writeUTF(why);
        out.flush();
    }

    @Override
    public void run() {
        try (channel) {
            greet(out, Protocol.OK, "");
            if (in.readInt() != Protocol.MAGIC || in.readUnsignedByte() != Protocol.VERSION) {
                throw new IOException("it does not speak version " + Protocol.VERSION + " of what is spoken here");
            }
            turn();
            int question = in.read();
            while (question >= 0) {
                turn();
                answer(question);
                turn();
                question = in.read();
            }
        } catch (IOException e) {
            // Clients go away as they like, and whoever sends garbage is the owner of this directory.
            log.debug("a connection to the outbox's socket ends: {}", e.toString());
        } catch (RuntimeException | Error e) {
            log.warn("a connection to the outbox's socket is closed", e);
        } finally {
            end.complete(null);
        }
    }

    private void turn() {
        turns.incrementAndGet();
    }

    private void answer(int question) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > Protocol.MOST_QUESTION) {
            Protocol.write(
                    out,
                    Protocol.REFUSED,
                    Protocol.text("question: " + Integer.toUnsignedString(length) + " bytes (expected: at most "
                            + Protocol.MOST_QUESTION + ")"));
            out.flush();
            throw new IOException("a question of " + Integer.toUnsignedString(length) + " bytes");
        }
        int permits = question == Protocol.APPEND ? length * COPIES : LARGE_ANSWER;
        turn();
        memory.acquireUninterruptibly(permits);
        turn();
        try {
            byte[] body = new byte[length];
            in.readFully(body);
            turn();
            byte[] answer;
            int status = Protocol.OK;
            try {
                answer = answer(question, new DataInputStream(new ByteArrayInputStream(body)));
            } catch (IOException | RuntimeException | InterruptedException e) {
                status = status(e);
                answer = Protocol.text(String.valueOf(e.getMessage()));
            }
            turn();
            Protocol.write(out, status, answer);
            out.flush();
        } finally {
            memory.release(permits);
        }
    }

    private int status(Exception e) {
        if (isStopping || e instanceof InterruptedException) {
            return Protocol.GONE;
        }
        if (e instanceof RefusedException || e instanceof IllegalArgumentException || e instanceof EOFException) {
            return Protocol.REFUSED;
        }
        if (e instanceof RuntimeException) {
            log.warn("a question on the outbox's socket was not answered", e);
        }
        return Protocol.FAILED;
    }

    private byte[] answer(int question, DataInputStream asked) throws IOException, InterruptedException {
        return switch (question) {
            case Protocol.APPEND -> {
                var sequences = outbox.append(Messages.<NewRecord>list(asked, Messages::newRecord));
                yield Protocol.bytes(out -> Messages.list(out, sequences, DataOutputStream::writeLong));
            }
            case Protocol.READ -> {
                var items = outbox.read(asked.readUTF(), asked.readLong(), asked.readInt());
                yield Protocol.bytes(out -> Messages.list(out, items, Messages::item));
            }
            case Protocol.DEAD -> {
                var letters = outbox.dead(asked.readLong(), asked.readInt());
                yield Protocol.bytes(out -> Messages.list(out, letters, Messages::deadLetter));
            }
            case Protocol.REPLAY -> {
                long sequence = outbox.replay(asked.readLong()).orElse(0);
                yield Protocol.bytes(out -> out.writeLong(sequence));
            }
            case Protocol.PURGE -> {
                outbox.purge(asked.readLong());
                yield Protocol.bytes(out -> {});
            }
            case Protocol.ID ->
                Protocol.bytes(out -> {
                    out.writeLong(outbox.id().getMostSignificantBits());
                    out.writeLong(outbox.id().getLeastSignificantBits());
                });
            case Protocol.VERIFY -> {
                var found = outbox.verify();
                yield Protocol.bytes(out -> Messages.verification(out, found));
            }
            case Protocol.FIGURES -> Protocol.bytes(out -> Messages.figures(out, outbox.figures()));
            default ->
                throw new RefusedException("question: " + question
                        + " (expected: one that this agent knows; this command may be of a later version than it)");
        };
    }

    /**
     * Closes the connection if it is in the midst of a question or an answer and was already when this was called last.
     * For one thread at a time.
     */
    void closeIfStuck() {
        int now = turns.get();
        if ((now & 1) == 1 && now == turnsSeen) {
            log.debug("a connection to the outbox's socket is closed: its client neither writes nor reads");
            close();
        }
        turnsSeen = now;
    }

    /** Takes no more questions; that which is being answered is. */
    void stop() {
        isStopping = true;
        try {
            channel.shutdownInput();
        } catch (IOException closed) {
            close();
        }
    }

    void close() {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("a connection to the outbox's socket cannot be closed", e);
        }
    }

    /** Completed once nothing more comes of it. */
    CompletableFuture<Void> end() {
        return end;
    }
}
