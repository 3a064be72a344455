// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.admission;

/**
 * How many newcomers are admitted.
 *
 * @param rate how many a second in the long run, or {@value #UNLIMITED} for as many as come
 * @param burst how many at once after a while in which nobody came
 */
public record AdmissionConfig(int rate, int burst) {

    /** The {@link #rate} that admits whoever comes. */
    public static final int UNLIMITED = 0;

    /**
     * The default of {@link #rate}: 1,000 a second, at which a machine with two cores still has half its time for those
     * that are attached.
     */
    public static final int RATE = 1_000;

    /** The default of {@link #burst}: 1,000. */
    public static final int BURST = 1_000;

    /** The most that either may be: 1,000,000. */
    public static final int MOST = 1_000_000;

    /** The defaults. */
    public static final AdmissionConfig DEFAULT = new AdmissionConfig(RATE, BURST);

    /** @throws IllegalArgumentException if a component is out of its range; the message names it */
    public AdmissionConfig {
        if (rate < UNLIMITED || rate > MOST) {
            throw new IllegalArgumentException(
                    "rate: " + rate + " (expected: 1 to " + MOST + ", or " + UNLIMITED + " for as many as come)");
        }
        if (burst < 1 || burst > MOST) {
            throw new IllegalArgumentException("burst: " + burst + " (expected: 1 to " + MOST + ")");
        }
    }

    boolean isUnlimited() {
        return rate == UNLIMITED;
    }

    /** How far apart those are who are to come back one after the other, in nanoseconds. */
    long step() {
        return 1_000_000_000L / (isUnlimited() ? RATE : rate);
    }
}
