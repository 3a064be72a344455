// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.agent.access.AgentGoneException;
import dev.holdfast.agent.access.OutboxAccess;
import dev.holdfast.agent.access.RefusedException;
import dev.holdfast.cli.command.CommandException;
import dev.holdfast.cli.command.ExitCode;
import dev.holdfast.core.record.NewRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Appends lines, those that came while others were written all at once, and prints the sequence of each once it is on
 * the disk. Stops at the first that is not taken. For one thread.
 */
final class Appender {

    private final OutboxAccess outbox;
    private final NewRecord pattern;
    private final PrintWriter out;

    /** How many lines are on the disk and printed. */
    private long done;

    /** @param pattern what each record is but for its payload */
    Appender(OutboxAccess outbox, NewRecord pattern, PrintWriter out) {
        this.outbox = outbox;
        this.pattern = pattern;
        this.out = out;
    }

    /** Appends all of them. */
    void append(Lines lines) throws CommandException, InterruptedException {
        while (true) {
            List<byte[]> next = lines.take(line -> OutboxAccess.bytes(record(line)), OutboxAccess.mostBytes());
            if (next.isEmpty()) {
                break;
            }
            append(next.stream().map(this::record).toList());
        }
        @Nullable String fault = lines.fault();
        if (fault != null) {
            throw failed(fault, "");
        }
    }

    private NewRecord record(byte[] line) {
        return new NewRecord(pattern.lane(), pattern.contentType(), pattern.headers(), line);
    }

    private void append(List<NewRecord> records) throws CommandException, InterruptedException {
        try {
            print(outbox.append(records));
        } catch (RefusedException e) {
            if (records.size() == 1) {
                throw failed(String.valueOf(e.getMessage()), "");
            }
            // All or none: some of them may be taken all the same, and the first that is not is to be named.
            append(records.subList(0, records.size() / 2));
            append(records.subList(records.size() / 2, records.size()));
        } catch (AgentGoneException e) {
            throw new CommandException(ExitCode.UNREACHABLE, told(String.valueOf(e.getMessage()), unknown(records)));
        } catch (IOException e) {
            throw failed(String.valueOf(e.getMessage()), unknown(records));
        }
    }

    private void print(List<Long> sequences) throws CommandException {
        StringBuilder text = new StringBuilder();
        for (long sequence : sequences) {
            text.append("{\"lane\":\"")
                    .append(pattern.lane())
                    .append("\",\"sequence\":")
                    .append(sequence)
                    .append("}\n");
        }
        out.print(text);
        if (out.checkError()) {
            throw failed("standard output is closed, so nobody would hear of it", unknown(sequences));
        }
        done += sequences.size();
    }

    private static String unknown(List<?> records) {
        return records.size() == 1 ? "that one may be" : "the " + records.size() + " from it on may be";
    }

    private CommandException failed(String why, String uncertain) {
        return new CommandException(ExitCode.FAILED, told(why, uncertain));
    }

    /** @param uncertain what may be there without having been acknowledged, if anything */
    private String told(String why, String uncertain) {
        String line = "input line " + (done + 1);
        return line + ": " + why + "; " + (done == 0 ? "no line is" : "lines 1 to " + done + " are")
                + " acknowledged and kept, "
                + (uncertain.isEmpty()
                        ? "none after that is"
                        : uncertain + ", see `outbox list`, and none after that is")
                + "; append the rest from " + line + " on";
    }
}
