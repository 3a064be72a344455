// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.core.time.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TailTest {

    private static final EventQuery ALL = new EventQuery("/api/events", "0199", null, null, Long.MAX_VALUE);

    private final VirtualTime time = new VirtualTime();
    private final List<String> asked = new ArrayList<>();
    private final List<Duration> at = new ArrayList<>();
    private final List<String> printed = new ArrayList<>();
    private final List<String> told = new ArrayList<>();

    /** How many events there are by now. */
    private int events;

    private boolean away;
    private int refusal = ExitCode.UNREACHABLE;

    private final Tail tail =
            new Tail(this::answer, time, new SplittableRandom(1), item -> printed.add(item.toString()), told::add);

    @Test
    void readsPageByPageToTheEnd() throws Exception {
        events = 1_200;

        tail.read(ALL);

        assertThat(printed).hasSize(1_200).doesNotHaveDuplicates();
        assertThat(asked)
                .containsExactly(
                        "/api/events?agent=0199&after=0&limit=500",
                        "/api/events?agent=0199&after=500&limit=500",
                        "/api/events?agent=0199&after=1000&limit=500");
    }

    @Test
    void asksForWhatIsWantedAndNoMore() throws Exception {
        events = 10;

        tail.read(new EventQuery("/api/drops", "0199", "a b", Instant.EPOCH, 3));

        assertThat(printed).hasSize(3);
        assertThat(asked).containsExactly("/api/drops?agent=0199&after=0&limit=3&lane=a+b&since=1970-01-01T00:00:00Z");
    }

    @Test
    void digitsStayAsTheyAre() throws Exception {
        new Tail(
                        path -> new AdminApi.Answer("[{\"pi\": 3.14000000000000000000001}]", headers(1, true)::get),
                        time,
                        new SplittableRandom(1),
                        item -> printed.add(item.toString()),
                        told::add)
                .read(ALL);

        assertThat(printed).containsExactly("{\"pi\":3.14000000000000000000001}");
    }

    @Test
    void followsEverMoreSeldomWhileNothingComesAndAtOnceWhenItDoes() throws Exception {
        time.schedule(Duration.ofMinutes(1), () -> events = 2);
        time.schedule(Duration.ofMinutes(1).plusSeconds(6), () -> events = 3);

        tail.follow(new EventQuery("/api/events", "0199", null, null, 3));

        assertThat(printed).hasSize(3);
        assertThat(asked).hasSizeBetween(12, 40);
        assertThat(gaps()).allSatisfy(gap -> assertThat(gap).isLessThanOrEqualTo(Duration.ofSeconds(5)));
        assertThat(gaps().getFirst()).isLessThan(Duration.ofMillis(400));
        int found = at.indexOf(at.stream()
                .filter(moment -> moment.compareTo(Duration.ofMinutes(1)) >= 0)
                .findFirst()
                .orElseThrow());
        assertThat(at.get(found + 1).minus(at.get(found))).isLessThan(Duration.ofMillis(400));
    }

    @Test
    void aServerThatIsAwayIsWaitedForAndGoneOnWithAfterWhatWasPrinted() throws Exception {
        events = 2;
        time.schedule(Duration.ofSeconds(10), () -> away = true);
        time.schedule(Duration.ofMinutes(5), () -> {
            away = false;
            events = 4;
        });

        tail.follow(new EventQuery("/api/events", "0199", null, null, 4));

        assertThat(printed).containsExactly("{\"id\":1}", "{\"id\":2}", "{\"id\":3}", "{\"id\":4}");
        assertThat(told).hasSize(2);
        assertThat(told.getFirst()).isEqualTo("away (it is waited for)");
        assertThat(told.getLast()).startsWith("the server answers again, after ");
        assertThat(asked).hasSizeLessThan(60);
        assertThat(time.elapsed()).isLessThan(Duration.ofMinutes(6));
    }

    @Test
    void whatWaitingDoesNotMendEndsIt() {
        away = true;
        refusal = ExitCode.FAILED;

        assertThatThrownBy(() -> tail.follow(ALL)).isInstanceOf(CommandException.class);
        away = true;
        refusal = ExitCode.UNREACHABLE;
        assertThatThrownBy(() -> tail.read(ALL)).isInstanceOf(CommandException.class);
        assertThat(asked).hasSize(2);
    }

    private List<Duration> gaps() {
        return IntStream.range(1, at.size())
                .mapToObj(i -> at.get(i).minus(at.get(i - 1)))
                .toList();
    }

    private AdminApi.Answer answer(String path) throws CommandException {
        asked.add(path);
        at.add(time.elapsed());
        if (away) {
            throw new CommandException(refusal, "away");
        }
        int after = number(path, "after");
        int to = Math.min(events, after + number(path, "limit"));
        String body = IntStream.rangeClosed(after + 1, to)
                .mapToObj(id -> "{\"id\": " + id + "}")
                .collect(Collectors.joining(",", "[", "]"));
        return new AdminApi.Answer(body, headers(Math.max(after, to), to == events)::get);
    }

    private static Map<String, String> headers(int next, boolean end) {
        return Map.of("Holdfast-Next", Integer.toString(next), "Holdfast-End", Boolean.toString(end));
    }

    private static int number(String path, String name) {
        String from = path.substring(path.indexOf(name + "=") + name.length() + 1);
        return Integer.parseInt(from.split("&", 2)[0]);
    }
}
