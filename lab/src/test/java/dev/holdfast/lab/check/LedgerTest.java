// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What writers note, and what names a payload. */
class LedgerTest {

    private final Ledger ledger = new Ledger();

    @Test
    void whatIsNotAnsweredStaysUncertainAndKeepsItsPlace() {
        ledger.offered("a", Payload.of("one x"));
        ledger.offered("a", Payload.of("two x"));
        ledger.acknowledged("one", 7);
        assertThat(ledger.lines()).extracting(line -> line.payload().id()).containsExactly("one", "two");
        assertThat(ledger.lines().getFirst().sequence()).hasValue(7);
        assertThat(ledger.lines().getLast().sequence()).isEmpty();
        assertThat(ledger.lines().getFirst().number())
                .isLessThan(ledger.lines().getLast().number());
        assertThat(ledger.acknowledgedIn("a")).isEqualTo(1);
        assertThat(ledger.acknowledgedIn("b")).isZero();
    }

    @Test
    void noNameIsUsedTwiceAndNoAnswerGivenTwiceOrToNothing() {
        ledger.offered("a", Payload.of("one x"));
        assertThatThrownBy(() -> ledger.offered("b", Payload.of("one y"))).hasMessageContaining("id: one");
        ledger.acknowledged("one", 1);
        assertThatThrownBy(() -> ledger.acknowledged("one", 2)).hasMessageContaining("id: one");
        assertThatThrownBy(() -> ledger.acknowledged("two", 1)).hasMessageContaining("id: two");
    }

    @Test
    void aPayloadIsOfTheSizeAskedForAndNamesItself() {
        String text = Payload.text("small-12", 300_000, new SplittableRandom(1));
        assertThat(text.getBytes(StandardCharsets.UTF_8)).hasSize(300_000);
        assertThat(text).doesNotContain("\n");
        assertThat(Payload.of(text).id()).isEqualTo("small-12");
        assertThat(Payload.of(text)).isEqualTo(Payload.of(text.getBytes(StandardCharsets.UTF_8)));
        assertThat(Payload.of(text).hash()).isNotEqualTo(Payload.of(text + "a").hash());
    }

    @Test
    void whatHasNoNameHasAnEmptyOne() {
        assertThat(Payload.of("").id()).isEmpty();
        assertThat(Payload.of("x".repeat(5_000)).id()).isEmpty();
        assertThat(Payload.of("{\"cpu\":1}").id()).isEmpty();
    }
}
