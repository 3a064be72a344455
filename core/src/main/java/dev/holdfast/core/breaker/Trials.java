// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.breaker;

import java.util.ArrayList;
import java.util.List;

/**
 * How the trials of a half-open breaker go.
 *
 * @param succeeded how many went well
 * @param failed how many did not
 * @param underWay those that nobody has settled yet
 */
// Permits are told apart by identity.
@SuppressWarnings("ReferenceEquality")
record Trials(int succeeded, int failed, List<Trial> underWay) {

    static final Trials NONE = new Trials(0, 0, List.of());

    /**
     * One call, told from others by identity.
     *
     * @param permit what it was given
     * @param since when
     */
    record Trial(Permit permit, long since) {}

    Trials {
        underWay = List.copyOf(underWay);
    }

    int count() {
        return succeeded + failed + underWay.size();
    }

    boolean includes(Permit permit) {
        return underWay.stream().anyMatch(trial -> trial.permit() == permit);
    }

    Trials with(Permit permit, long now) {
        List<Trial> more = new ArrayList<>(underWay);
        more.add(new Trial(permit, now));
        return new Trials(succeeded, failed, more);
    }

    Trials withoutThoseBegunBefore(long instant) {
        return new Trials(
                succeeded,
                failed,
                underWay.stream().filter(trial -> trial.since() - instant > 0).toList());
    }

    Trials settled(Permit permit, boolean success, boolean failure) {
        return new Trials(
                succeeded + (success ? 1 : 0),
                failed + (failure ? 1 : 0),
                underWay.stream().filter(trial -> trial.permit() != permit).toList());
    }
}
