// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Large messages of one WebSocket, read elsewhere one after the other. Used by its event loop alone. */
// What fails is told to whoever takes what was read.
@SuppressWarnings("FutureReturnValueIgnored")
final class LargeReads {

    private final Channel channel;
    private final Executor elsewhere;
    private final InputBudget.Account account;
    private final BiConsumer<Conversation.@Nullable Reading, @Nullable Throwable> read;

    /** The one that is being read, and those behind it. */
    private final Deque<BinaryWebSocketFrame> frames = new ArrayDeque<>();

    /**
     * Those of one connection.
     *
     * @param read takes what each turned out to be, or why it could not be read, on the event loop
     */
    LargeReads(
            Channel channel,
            Executor elsewhere,
            InputBudget.Account account,
            BiConsumer<Conversation.@Nullable Reading, @Nullable Throwable> read) {
        this.channel = channel;
        this.elsewhere = elsewhere;
        this.account = account;
        this.read = read;
    }

    boolean isEmpty() {
        return frames.isEmpty();
    }

    /** Reads a message, or any that comes behind a large one. Retains it until then. */
    void add(BinaryWebSocketFrame frame) {
        account.waits(frame.content().readableBytes());
        frames.add(frame.retain());
        if (frames.size() == 1) {
            readFirst();
        }
    }

    /** Forgets those that are not being read. */
    void drop() {
        while (frames.size() > 1) {
            forget(frames.removeLast());
        }
    }

    private void readFirst() {
        BinaryWebSocketFrame frame = frames.element();
        var unused = CompletableFuture.supplyAsync(
                        () -> Conversation.read(frame.content().nioBuffer()), elsewhere)
                .whenCompleteAsync(this::done, channel.eventLoop());
    }

    private void done(Conversation.@Nullable Reading reading, @Nullable Throwable failure) {
        forget(frames.remove());
        read.accept(reading, failure);
        if (!frames.isEmpty()) {
            readFirst();
        }
    }

    private void forget(BinaryWebSocketFrame frame) {
        account.read(frame.content().readableBytes());
        frame.release();
    }
}
