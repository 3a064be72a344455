// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.access;

import dev.holdfast.agent.access.Protocol.Body;
import dev.holdfast.core.outbox.Outbox.Figures;
import dev.holdfast.core.record.DeadLetter;
import dev.holdfast.core.record.Item;
import dev.holdfast.core.record.NewRecord;
import dev.holdfast.core.record.Verification;
import dev.holdfast.core.time.Time;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/** The outbox of an agent that runs, asked through its socket. */
final class SocketAccess implements OutboxAccess {

    /** How long an agent may take to say that it listens: 5 s. */
    private static final Duration GREETING = Duration.ofSeconds(5);

    private final Path data;
    private final SocketChannel channel;
    private final DataInputStream in;
    private final DataOutputStream out;

    private SocketAccess(Path data, SocketChannel channel) {
        this.data = data;
        this.channel = channel;
        this.in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel)));
        this.out = new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel)));
    }

    /**
     * Connects to the agent with a data directory.
     *
     * @return nothing if nobody listens there
     * @throws AgentGoneException if somebody does who does not say what an agent says
     */
    static Optional<SocketAccess> connect(Path data, Time time) throws IOException {
        if (!Files.exists(SocketPlace.in(data))) {
            return Optional.empty();
        }
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        // Connecting in vain closes the channel as well, so that its being closed tells nothing.
        AtomicBoolean isLate = new AtomicBoolean();
        Time.Scheduled alarm = time.schedule(GREETING, () -> {
            isLate.set(true);
            close(channel);
        });
        try {
            SocketPlace.connect(channel, data);
        } catch (IOException nobody) {
            alarm.cancel();
            close(channel);
            if (isLate.get()) {
                throw silent(data, nobody);
            }
            return Optional.empty();
        }
        SocketAccess access = new SocketAccess(data, channel);
        try {
            access.greet();
            return Optional.of(access);
        } catch (AgentGoneException e) {
            close(channel);
            throw e;
        } catch (IOException e) {
            close(channel);
            if (isLate.get()) {
                throw silent(data, e);
            }
            // It was just stopping.
            return Optional.empty();
        } finally {
            alarm.cancel();
        }
    }

    private void greet() throws IOException {
        int magic = in.readInt();
        int version = in.readUnsignedByte();
        if (magic != Protocol.MAGIC || version != Protocol.VERSION) {
            throw new AgentGoneException("the agent of " + data + " speaks another version on its outbox's socket than"
                    + " this command (expected: both of one installation; start the agent again)");
        }
        int status = in.readUnsignedByte();
        String why = in.readUTF();
        if (status != Protocol.OK) {
            throw new AgentGoneException("the agent of " + data + " takes no outbox command now: " + why);
        }
        out.writeInt(Protocol.MAGIC);
        out.writeByte(Protocol.VERSION);
        out.flush();
    }

    private static AgentGoneException silent(Path data, IOException e) {
        return new AgentGoneException(
                "the agent of " + data + " did not answer on its outbox's socket within " + GREETING.toSeconds()
                        + " s (expected: an agent that runs; if it is stopped or stuck, end it and try again)",
                e);
    }

    private DataInputStream ask(int question, Body body) throws IOException {
        byte[] asked = Protocol.bytes(body);
        int status;
        byte[] answer;
        try {
            Protocol.write(out, question, asked);
            out.flush();
            status = in.readUnsignedByte();
            answer = Protocol.answer(in);
        } catch (IOException e) {
            throw new AgentGoneException("the agent of " + data + " went away", e);
        }
        DataInputStream read = new DataInputStream(new ByteArrayInputStream(answer));
        return switch (status) {
            case Protocol.OK -> read;
            case Protocol.REFUSED -> throw new RefusedException(read.readUTF());
            case Protocol.GONE -> throw new AgentGoneException("the agent of " + data + " stops: " + read.readUTF());
            default -> throw new IOException(read.readUTF());
        };
    }

    @Override
    public List<Long> append(List<NewRecord> records) throws IOException {
        return Messages.list(
                ask(Protocol.APPEND, out -> Messages.list(out, records, Messages::newRecord)),
                DataInputStream::readLong);
    }

    @Override
    public List<Item> read(String lane, long from, int maxCount) throws IOException {
        DataInputStream answer = ask(Protocol.READ, out -> {
            out.writeUTF(lane);
            out.writeLong(from);
            out.writeInt(maxCount);
        });
        return Messages.list(answer, Messages::item);
    }

    @Override
    public List<DeadLetter> dead(long from, int maxCount) throws IOException {
        DataInputStream answer = ask(Protocol.DEAD, out -> {
            out.writeLong(from);
            out.writeInt(maxCount);
        });
        return Messages.list(answer, Messages::deadLetter);
    }

    @Override
    public OptionalLong replay(long id) throws IOException {
        long sequence = ask(Protocol.REPLAY, out -> out.writeLong(id)).readLong();
        return sequence == 0 ? OptionalLong.empty() : OptionalLong.of(sequence);
    }

    @Override
    public void purge(long id) throws IOException {
        ask(Protocol.PURGE, out -> out.writeLong(id));
    }

    @Override
    public UUID id() throws IOException {
        DataInputStream answer = ask(Protocol.ID, out -> {});
        return new UUID(answer.readLong(), answer.readLong());
    }

    @Override
    public Figures figures() throws IOException {
        return Messages.figures(ask(Protocol.FIGURES, out -> {}));
    }

    /** What the agent finds when it reads all of it. */
    Verification verify() throws IOException {
        return Messages.verification(ask(Protocol.VERIFY, out -> {}));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
