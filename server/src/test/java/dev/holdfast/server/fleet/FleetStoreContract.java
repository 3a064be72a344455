// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store keeps to. */
public abstract class FleetStoreContract {

    private FleetStore store;

    /** Opens the store, or opens it again after it was closed. */
    protected abstract FleetStore open() throws Exception;

    @BeforeEach
    void openFirst() throws Exception {
        store = open();
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void reopen() throws Exception {
        store.close();
        store = open();
    }

    @Test
    void isEmptyAtFirst() throws Exception {
        assertThat(store.load()).isEmpty();
    }

    @Test
    void givesBackExactlyWhatWasSavedAlsoWhenOpenedAgain() throws Exception {
        List<AgentRecord> records = List.of(Records.rich(1), Records.bare(2));
        store.save(records);

        assertThat(store.load()).containsExactlyInAnyOrderElementsOf(records);
        reopen();
        assertThat(store.load()).containsExactlyInAnyOrderElementsOf(records);
        assertThat(store.load().stream()
                        .filter(record -> record.uid().equals(Records.uid(1)))
                        .findFirst()
                        .orElseThrow()
                        .description()
                        .encode())
                .isEqualTo(Records.rich(1).description().encode());
    }

    @Test
    void replacesARecordWhole() throws Exception {
        store.save(List.of(Records.rich(1), Records.rich(2)));
        store.save(List.of(Records.bare(1)));

        assertThat(store.load()).containsExactlyInAnyOrder(Records.bare(1), Records.rich(2));
    }

    @Test
    void takesNothingAndMany() throws Exception {
        store.save(List.of());
        List<AgentRecord> many =
                IntStream.range(0, 2_000).mapToObj(Records::rich).toList();
        store.save(many);

        reopen();
        assertThat(store.load()).containsExactlyInAnyOrderElementsOf(many);
    }

    @Test
    void mayBeClosedTwice() {
        store.close();
        store.close();
    }
}
