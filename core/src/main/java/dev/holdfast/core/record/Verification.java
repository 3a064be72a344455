// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.record;

import java.util.List;

/**
 * What was found when every byte of an outbox was read. Lists have at most {@value #MOST} entries; the counts beside
 * them are of everything.
 *
 * @param segments how many segment files were read
 * @param unreadable the names of those of which nothing can be read
 * @param frames how many frames verify: records, acknowledgements, and whatever else is written
 * @param records how many records wait and can be read
 * @param dead how many dead letters can be read
 * @param damagedBytes how many bytes do not verify; those of unreadable files are not among them
 * @param damage where they are, by file and offset
 * @param lostRecords how many records wait and cannot be read; what is acknowledged is not lost
 * @param lost which ones, by lane and sequence
 * @param lostDead the ids of the dead letters that cannot be read
 * @param unfinishedBytes what was being written when everything stopped, at the end of the newest segment; nobody was
 *     told that it was kept, but damage there looks the same
 * @param otherFiles the names of files that are no segments, such as those that were set aside
 * @param isRepairNeeded whether anything is damaged or missing; what is named as lost in the log itself needs no repair
 *     any more
 */
public record Verification(
        int segments,
        List<String> unreadable,
        long frames,
        long records,
        long dead,
        long damagedBytes,
        List<Damage> damage,
        long lostRecords,
        List<Lost> lost,
        List<Long> lostDead,
        long unfinishedBytes,
        List<String> otherFiles,
        boolean isRepairNeeded) {

    /** How many entries a list has at most. */
    public static final int MOST = 1000;

    /** Copies the lists. */
    public Verification {
        unreadable = List.copyOf(unreadable);
        damage = List.copyOf(damage);
        lost = List.copyOf(lost);
        lostDead = List.copyOf(lostDead);
        otherFiles = List.copyOf(otherFiles);
    }

    /**
     * Bytes that do not verify.
     *
     * @param from the offset of the first one in its file
     * @param to the offset after the last one
     */
    public record Damage(String file, long from, long to) {}

    /**
     * Records that wait and cannot be read.
     *
     * @param first the sequence of the first one
     * @param last that of the last one
     * @param isNamed whether the log says so itself, so that no repair is needed for it
     * @param why how that shows, for people
     */
    public record Lost(String lane, long first, long last, boolean isNamed, String why) {}
}
