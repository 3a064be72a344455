// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.read.ListAppender;
import dev.holdfast.cli.command.Format;
import dev.holdfast.cli.key.LogKeys.LogConfig;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LoggingTest {

    private final LoggerContext context = new LoggerContext();

    @Test
    void aJsonLineHasWhatATextLineHas() {
        start(Format.JSON, Level.INFO);

        JsonNode line = json(line(() -> logger().atWarn()
                .addKeyValue("cause", "NETWORK")
                .addKeyValue("attempt", 3)
                .addKeyValue("stale", true)
                .addKeyValue("delay", 0.5)
                .log("link down: {}", "a \"quoted\"\nsecond line")));

        assertThat(Instant.parse(line.path("timestamp").asString())).isAfter(Instant.EPOCH);
        assertThat(line.path("level").asString()).isEqualTo("WARN");
        assertThat(line.path("role").asString()).isEqualTo("agent");
        assertThat(line.path("logger").asString()).isEqualTo("dev.holdfast.Test");
        assertThat(line.path("thread").asString())
                .isEqualTo(Thread.currentThread().getName());
        assertThat(line.path("message").asString()).isEqualTo("link down: a \"quoted\"\nsecond line");
        assertThat(line.path("fields"))
                .isEqualTo(json("{\"cause\":\"NETWORK\",\"attempt\":3,\"stale\":true,\"delay\":0.5}"));
        assertThat(line.has("exception")).isFalse();
    }

    @Test
    void anEventIsOneLineOfJsonHoweverLongItsTrace() {
        start(Format.JSON, Level.INFO);

        String text = line(() -> logger().error("broken", new IllegalStateException("why\nnot")));

        assertThat(text.lines()).hasSize(1);
        assertThat(json(text).path("exception").asString())
                .startsWith("java.lang.IllegalStateException: why\nnot")
                .contains("at " + LoggingTest.class.getName());
        assertThat(json(text).has("fields")).isFalse();
    }

    @Test
    void pairsAreInATextLineToo() {
        start(Format.TEXT, Level.INFO);

        String pairs = line(() -> logger().atInfo()
                .addKeyValue("cause", "NETWORK")
                .addKeyValue("forged", "\n2026-01-01 ERROR")
                .log("link down"));

        assertThat(pairs).endsWith(" INFO  agent Test: link down cause=\"NETWORK\" forged=\" 2026-01-01 ERROR\"\n");
        assertThat(line(() -> logger().info("plain"))).endsWith(" INFO  agent Test: plain\n");
    }

    @Test
    void theLevelIsOfWhatHoldfastSaysAndOthersAreHeldBack() {
        start(Format.TEXT, Level.DEBUG);
        assertThat(logger().isDebugEnabled()).isTrue();
        assertThat(context.getLogger("io.netty").isInfoEnabled()).isFalse();
        assertThat(context.getLogger("others").isDebugEnabled()).isFalse();

        start(Format.TEXT, Level.ERROR);
        assertThat(logger().isWarnEnabled()).isFalse();
        assertThat(context.getLogger("io.netty").isWarnEnabled()).isFalse();
    }

    private void start(Format format, Level level) {
        context.reset();
        Logging.configure(context, "agent", new LogConfig(format, level));
    }

    private org.slf4j.Logger logger() {
        return context.getLogger("dev.holdfast.Test");
    }

    /** What the console would be given for what {@code say} logs. */
    private String line(Runnable say) {
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        ConsoleAppender<ILoggingEvent> console = (ConsoleAppender<ILoggingEvent>)
                Objects.requireNonNull(root.iteratorForAppenders().next());
        root.detachAppender(console);
        ListAppender<ILoggingEvent> heard = new ListAppender<>();
        heard.setContext(context);
        heard.start();
        root.addAppender(heard);
        say.run();
        root.detachAppender(heard);
        root.addAppender(console);
        assertThat(heard.list).hasSize(1);
        return new String(console.getEncoder().encode(heard.list.getFirst()), StandardCharsets.UTF_8);
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }
}
