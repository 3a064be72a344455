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
 * @param notBefore the instant up to which the other side asked to be left alone, or one that has passed
 */
// Permits are told apart by identity.
@SuppressWarnings("ReferenceEquality")
record Trials(int succeeded, int failed, List<Trial> underWay, long notBefore) {

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

    static Trials none(long now) {
        return new Trials(0, 0, List.of(), now);
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
        return new Trials(succeeded, failed, more, notBefore);
    }

    Trials withoutThoseBegunBefore(long instant) {
        return new Trials(
                succeeded,
                failed,
                underWay.stream().filter(trial -> trial.since() - instant > 0).toList(),
                notBefore);
    }

    Trials withSuccess(Permit permit) {
        return new Trials(succeeded + 1, failed, without(permit), notBefore);
    }

    Trials withFailure(Permit permit, long askedUntil) {
        long later = askedUntil - notBefore > 0 ? askedUntil : notBefore;
        return new Trials(succeeded, failed + 1, without(permit), later);
    }

    Trials withNothing(Permit permit) {
        return new Trials(succeeded, failed, without(permit), notBefore);
    }

    private List<Trial> without(Permit permit) {
        return underWay.stream().filter(trial -> trial.permit() != permit).toList();
    }
}
