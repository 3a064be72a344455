// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ListenerGuardTest {

    private final VirtualTime time = new VirtualTime();
    private final ListenerGuard guard = new ListenerGuard("a test", time::nanoTime);

    @Test
    void whatAListenerThrowsIsLoggedSomeLinesAMinuteAndGoesNoFurther() {
        Logger logger = (Logger) LoggerFactory.getLogger(ListenerGuard.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        logger.setAdditive(false);
        try {
            for (int n = 0; n < 100; n++) {
                guard.tell(ListenerGuardTest::fail);
            }
            assertThat(lines.list).hasSize(3);
            time.advance(Duration.ofMinutes(1));
            guard.tell(ListenerGuardTest::fail);
            assertThat(lines.list).hasSize(4);
            assertThat(lines.list.getLast().getFormattedMessage())
                    .isEqualTo("a listener of a test failed and is left at that (97 left out before)");
        } finally {
            logger.detachAppender(lines);
            logger.setAdditive(true);
        }
    }

    @Test
    void anErrorGoesThrough() {
        assertThatThrownBy(() -> guard.tell(() -> {
                    throw new AssertionError("of a test");
                }))
                .isInstanceOf(AssertionError.class);
    }

    private static void fail() {
        throw new IllegalStateException("of a test");
    }
}
