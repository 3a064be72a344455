// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.core.record.Point;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SearchTest {

    /** How a search ended, and how often the server was asked. */
    private record Found(Search.Step step, int asked) {}

    /** Ours and the server's hash at a sequence are the same up to {@code same}, and differ after it. */
    private static Found search(long acknowledged, long last, long same, long server) {
        Search.Step step = Search.begin(new Point(acknowledged, acknowledged), last);
        for (int asked = 0; ; ) {
            if (step instanceof Search.Step.Look look) {
                assertThat(look.sequences()).hasSizeLessThanOrEqualTo(Search.MOST);
                step = look.search()
                        .found(look.sequences().stream()
                                .map(sequence -> new Point(sequence, sequence))
                                .toList());
            } else if (step instanceof Search.Step.Ask ask) {
                asked++;
                step = ask.search().answered(answer(acknowledged, ask.search(), same, server));
            } else {
                return new Found(step, asked);
            }
        }
    }

    private static Mark answer(long acknowledged, Search search, long same, long server) {
        long matched = LongStream.concat(
                        LongStream.of(acknowledged, search.common().sequence()),
                        search.points().stream().mapToLong(Point::sequence))
                .filter(sequence -> sequence <= Math.min(same, server))
                .max()
                .orElse(0);
        return new Mark("a", 1, 1, true, server, server <= same ? server : -server, matched, Duration.ZERO);
    }

    @Test
    void everyPointInCommonIsFoundExactly() {
        for (long acknowledged = 0; acknowledged < 2; acknowledged++) {
            for (long last = acknowledged; last < 25; last++) {
                for (long same = acknowledged; same <= last; same++) {
                    for (long server = same; server < 28; server++) {
                        check(acknowledged, last, same, server, 3);
                    }
                }
            }
        }
    }

    @Test
    void amongMillionsAFewQuestionsDo() {
        SplittableRandom chance = new SplittableRandom(1);
        for (int i = 0; i < 1_000; i++) {
            long last = chance.nextLong(1, 1L << chance.nextInt(1, 40));
            long acknowledged = chance.nextLong(0, last);
            long same = chance.nextLong(acknowledged, last + 1);
            check(acknowledged, last, same, chance.nextLong(same, last + 100), 11);
        }
    }

    private static void check(long acknowledged, long last, long same, long server, int most) {
        Found found = search(acknowledged, last, same, server);
        Point common = new Point(same, same);
        if (server == same) {
            assertThat(found.step()).isEqualTo(new Search.Step.Agreed(common));
            assertThat(found.asked()).isEqualTo(1);
        } else {
            assertThat(found.step()).isEqualTo(new Search.Step.Parted(common, new Point(server, -server)));
            assertThat(found.asked()).isLessThanOrEqualTo(most);
        }
    }

    @Test
    void aMarkInsideAGapIsAPlaceToGoOnFrom() {
        Search.Step.Look first = (Search.Step.Look) Search.begin(new Point(4, 4), 9);
        Search asked = ((Search.Step.Ask) first.search().found(List.of(new Point(9, 9)))).search();
        Mark mark = new Mark("a", 1, 1, true, 6, 77, 4, Duration.ZERO);
        Search.Step.Look look = (Search.Step.Look) asked.answered(mark);
        assertThat(look.search().found(List.of(new Point(4, 4)))).isEqualTo(new Search.Step.Agreed(new Point(6, 77)));
    }

    @Test
    void aServerThatLostWhatItHadIsBehind() {
        Search asked = ((Search.Step.Ask) Search.begin(new Point(9, 9), 9)).search();
        Mark mark = new Mark("a", 1, 1, true, 5, 5, 0, Duration.ZERO);
        Search.Step.Look look = (Search.Step.Look) asked.answered(mark);
        assertThat(look.sequences()).containsExactly(5L);
        Map<Boolean, Search.Step> steps = new HashMap<>();
        steps.put(true, look.search().found(List.of(new Point(5, 5))));
        steps.put(false, look.search().found(List.of(new Point(9, 9))));
        steps.forEach((same, step) -> assertThat(step).isEqualTo(new Search.Step.Behind(new Point(5, 5), same)));
    }

    @Test
    void anAnswerAboutWhatWasNotAskedIsNonsense() {
        Search asked = ((Search.Step.Ask) Search.begin(new Point(2, 2), 2)).search();
        for (Mark mark : List.of(
                new Mark("a", 1, 1, true, 9, 9, 7, Duration.ZERO), new Mark("a", 1, 1, true, 1, 1, 2, Duration.ZERO))) {
            assertThat(asked.answered(mark)).isEqualTo(new Search.Step.Nonsense());
        }
    }
}
