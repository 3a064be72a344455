// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.time.VirtualTime;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InputBudgetTest {

    private static final int LIMIT = 10 * InputBudget.LARGEST_READ;

    private final Reception reception = TestReception.in(new VirtualTime());
    private final InputBudget budget = new InputBudget(reception, LIMIT);

    @Test
    void whatIsSmallIsNotCharged() {
        Peer peer = new Peer();
        peer.sends(InputBudget.FREE);
        assertThat(budget.used()).isZero();
        peer.sends(1);
        assertThat(budget.used()).isEqualTo(1);
    }

    @Test
    void whatWasTakenIsGivenBackWhenTheMessageIsWholeOrItsConnectionEnds() {
        Peer one = new Peer();
        Peer other = new Peer();
        one.sends(InputBudget.FREE + 100);
        other.sends(InputBudget.FREE + 50);
        assertThat(budget.used()).isEqualTo(150);
        one.account.whole();
        assertThat(budget.used()).isEqualTo(50);
        other.channel.finishAndReleaseAll();
        assertThat(budget.used()).isZero();
    }

    @Test
    void whatAMessageCameWrappedInIsGivenBack() {
        Peer peer = new Peer();
        peer.sends(InputBudget.FREE + 100);
        peer.account.kept(InputBudget.FREE + 10);
        assertThat(budget.used()).isEqualTo(10);
        peer.account.kept(1);
        assertThat(budget.used()).isZero();
    }

    @Test
    void aMessageThatWaitsToBeReadIsChargedUntilItWasAlsoIfItsConnectionEnds() {
        Peer peer = new Peer();
        int size = InputBudget.FREE + 100;
        peer.sends(size);
        peer.account.waits(size);
        peer.account.whole();
        assertThat(budget.used()).isEqualTo(100);
        peer.channel.finishAndReleaseAll();
        assertThat(budget.used()).isEqualTo(100);
        peer.account.read(size);
        assertThat(budget.used()).isZero();
    }

    @Test
    void whoAsksForMoreThanIsLeftIsRefusedAndTheOthersAreNot() {
        Peer holder = new Peer();
        holder.sends(InputBudget.FREE + LIMIT);
        Peer asker = new Peer();
        asker.sends(InputBudget.FREE);
        assertThat(asker.refusals).isEmpty();
        asker.sends(1);
        assertThat(asker.refusals).hasSize(1);
        assertThat(holder.refusals).isEmpty();
        assertThat(budget.used()).isEqualTo(LIMIT);
        assertThat(reception.meters().inputRefused.count()).isEqualTo(1);

        asker.sends(1000);
        assertThat(asker.refusals).as("told once").hasSize(1);
        assertThat(asker.bytes).as("dropped").isEqualTo(InputBudget.FREE);
    }

    @Test
    void thoseWhoAreRefusedAreToldDifferentTimes() {
        new Peer().sends(InputBudget.FREE + LIMIT);
        List<Duration> told = new ArrayList<>();
        for (int number = 0; number < 10; number++) {
            Peer peer = new Peer();
            peer.sends(InputBudget.FREE + 1);
            told.add(peer.refusals.getFirst().after());
        }
        assertThat(told).doesNotHaveDuplicates().allMatch(after -> after.compareTo(Duration.ofSeconds(5)) >= 0);
    }

    /** One connection, and what got past its account. */
    private final class Peer {

        final InputBudget.Account account = budget.open();
        final List<InputBudget.Refused> refusals = new ArrayList<>();
        final EmbeddedChannel channel = new EmbeddedChannel(account, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object read) {
                bytes += ((ByteBuf) read).readableBytes();
                ReferenceCountUtil.release(read);
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                refusals.add((InputBudget.Refused) event);
            }
        });
        int bytes;

        void sends(int count) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[count]));
        }
    }
}
