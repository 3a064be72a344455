// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all connections together may hold of requests and messages that are not whole, or large and not read yet.
 *
 * <p>Each connection may hold {@value #FREE} bytes unasked, so that what is small is taken whatever the others send.
 * What goes beyond comes out of the budget, and goes back when the message was read or the connection ends. The
 * connection for which nothing is left is told {@link Refused}; the others keep what they have. Safe for use by any
 * thread.
 */
final class InputBudget {

    private static final Logger log = LoggerFactory.getLogger(InputBudget.class);

    /** The most that is read at a time: what the beginning of a next message may take up behind a whole one. */
    static final int LARGEST_READ = 4 << 10;

    /** A read and as much again: a message of up to {@value #LARGEST_READ} bytes fits, whatever was read with it. */
    static final int FREE = 2 * LARGEST_READ;

    private static final Duration SOONEST_RETRY = Duration.ofSeconds(5);

    private static final Duration RETRY_STEP = Duration.ofMillis(617);

    /** Some retries fall together after this many. */
    private static final int RETRY_STEPS = 17;

    /**
     * Told to the pipeline of a connection that asked for more than was left. What it sends is dropped from then on.
     *
     * @param after when its peer is to try again: each is told another time
     */
    record Refused(Duration after) {}

    private final Reception reception;
    private final long limit;
    private final AtomicLong used = new AtomicLong();
    private final AtomicLong refusals = new AtomicLong();

    InputBudget(Reception reception, long limit) {
        this.reception = reception;
        this.limit = limit;
        reception.meters().inputHeld(this::used);
    }

    /** An account for a new connection. */
    Account open() {
        return new Account();
    }

    /** How much of the budget is taken, in bytes. */
    long used() {
        return used.get();
    }

    private boolean take(long bytes) {
        long now = used.addAndGet(bytes);
        if (now <= limit) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }

    /** What one connection holds. First in its pipeline, and used by its event loop alone. */
    final class Account extends ChannelInboundHandlerAdapter {

        /** How much came since the last message was whole. */
        private long unfinished;

        /** How much of whole messages waits to be read. */
        private long waiting;

        /** How much of both is out of the budget. */
        private long charged;

        private boolean dropping;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object read) {
            if (dropping) {
                ReferenceCountUtil.release(read);
                return;
            }
            unfinished += ((ByteBuf) read).readableBytes();
            long due = due();
            if (due > charged && !take(due - charged)) {
                ReferenceCountUtil.release(read);
                refuse(ctx);
                return;
            }
            charged = Math.max(charged, due);
            ctx.fireChannelRead(read);
        }

        /** All that came before is a whole message, or dropped. Less than a read may be left, which is not counted. */
        void whole() {
            unfinished = 0;
            giveBack();
        }

        /** Of all that came before this many bytes are kept; the rest was what they came wrapped in. */
        void kept(int bytes) {
            unfinished = bytes;
            giveBack();
        }

        /** Of the message that is just whole this many bytes stay until they are {@link #read}. */
        void waits(int bytes) {
            waiting += bytes;
            unfinished = Math.max(0, unfinished - bytes);
        }

        /** This many bytes wait no more. */
        void read(int bytes) {
            waiting -= bytes;
            giveBack();
        }

        /** From now on whatever comes is dropped. */
        void drop() {
            dropping = true;
        }

        private void refuse(ChannelHandlerContext ctx) {
            dropping = true;
            reception.meters().inputRefused.increment();
            reception
                    .lines()
                    .write(
                            log::warn,
                            () -> ctx.channel().remoteAddress() + " refused: with " + unfinished
                                    + " bytes of it there, its"
                                    + " unfinished message takes those of all connections past " + limit
                                    + " bytes (input.limit)");
            long step = refusals.getAndIncrement() % RETRY_STEPS;
            ctx.fireUserEventTriggered(new Refused(SOONEST_RETRY.plus(RETRY_STEP.multipliedBy(step))));
        }

        private long due() {
            return Math.max(0, unfinished + waiting - FREE);
        }

        private void giveBack() {
            long more = charged - Math.min(charged, due());
            if (more > 0) {
                used.addAndGet(-more);
                charged -= more;
            }
        }

        /** What waits to be read is there also without its connection. */
        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            ctx.fireChannelInactive();
            whole();
        }
    }
}
