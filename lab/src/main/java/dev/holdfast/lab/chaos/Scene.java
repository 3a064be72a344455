// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

import dev.holdfast.core.time.Time;
import dev.holdfast.lab.check.AdminApi;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One server and one agent, started anew whenever they were killed, on the same directories and ports. For use by one
 * thread.
 */
public final class Scene implements AutoCloseable {

    /** How long anything that should happen may take on a busy machine before the run has failed. */
    static final Duration PATIENCE = Duration.ofMinutes(10);

    private static final Duration LOOK = Duration.ofMillis(50);

    /** While a server is down another program, or an agent that dials it, may have its port for a moment. */
    private static final int MOST_TAKEN_PORTS = 5;

    private final Launcher launcher;
    private final Path directory;
    private final Time time;
    private final List<Duration> reattached = new ArrayList<>();

    private @Nullable Child server;
    private @Nullable Child agent;
    private @Nullable AdminApi api;
    private String listen = "127.0.0.1:0";
    private String admin = "127.0.0.1:0";
    private boolean isListening;
    private boolean isAttached;
    private long listeningSince;
    private long agentSince;

    /** How often agents had been attached when one was killed, if that server goes on; else -1. */
    private long attachmentsBefore = -1;

    private int takenPorts;
    private long peakServerKib;
    private long peakAgentKib;

    /**
     * One of which nothing runs yet.
     *
     * @param directory for the data and logs of both
     */
    public Scene(Launcher launcher, Path directory, Time time) {
        this.launcher = launcher;
        this.directory = directory;
        this.time = time;
    }

    /** Where the agent keeps what it has; made by whoever needs it first. */
    public Path agentData() {
        return directory.resolve("agent");
    }

    Path serverLog() {
        return directory.resolve("server.log");
    }

    /** Where all that the agent logs goes. */
    public Path agentLog() {
        return directory.resolve("agent.log");
    }

    /** How long each attachment took after the first, from when both processes ran. */
    public List<Duration> reattached() {
        return reattached.size() < 2 ? List.of() : reattached.subList(1, reattached.size());
    }

    /** The most memory that a server had, in KiB; 0 where the system does not tell. */
    long peakServerKib() {
        return peakServerKib;
    }

    /** The same of an agent. */
    long peakAgentKib() {
        return peakAgentKib;
    }

    /** What the agent takes up now. */
    public Vitals agentVitals() {
        return running(Role.AGENT).vitals();
    }

    /**
     * The first start of both.
     *
     * @throws ChaosException if they do not come up
     */
    public void begin() throws IOException, InterruptedException, ChaosException {
        start(Role.SERVER);
        awaitListening();
        start(Role.AGENT);
        awaitAttached();
    }

    /** Starts one that does not run; {@link #watch} and the like notice once it does what it is for. */
    public void start(Role role) throws IOException {
        switch (role) {
            case SERVER ->
                server = launcher.start(
                        serverLog(),
                        List.of("server", "--data", serverData().toString(), "--listen", listen, "--admin", admin));
            case AGENT -> {
                agent = launcher.start(
                        agentLog(), List.of("agent", "--data", agentData().toString(), "--server", "ws://" + listen));
                agentSince = time.nanoTime();
            }
        }
    }

    /** {@code kill -9}, for all at the same moment. */
    public void kill(List<Role> roles) throws IOException, InterruptedException {
        List<Child> killed = new ArrayList<>();
        for (Role role : roles) {
            killed.add(running(role));
        }
        notePeaks();
        for (Child child : killed) {
            child.kill();
        }
        isAttached = false;
        if (roles.contains(Role.SERVER)) {
            isListening = false;
            attachmentsBefore = -1;
        } else {
            AdminApi.Fleet fleet = isListening ? fleet() : null;
            attachmentsBefore = fleet == null ? -1 : fleet.attachments();
        }
    }

    /** SIGSTOP, and SIGCONT after a while. */
    void pause(List<Role> roles, Duration length) throws IOException, InterruptedException {
        for (Role role : roles) {
            running(role).stop();
        }
        time.pause(length);
        for (Role role : roles) {
            running(role).resume();
        }
    }

    /** Looks on for a while. */
    public void watch(Duration length) throws IOException, InterruptedException, ChaosException {
        long begun = time.nanoTime();
        long left = length.toNanos();
        while (left > 0) {
            look();
            time.pause(Duration.ofNanos(Math.min(left, LOOK.toNanos())));
            left = length.toNanos() - (time.nanoTime() - begun);
        }
    }

    /** Waits until the server that was started last can be asked. */
    public void awaitListening() throws IOException, InterruptedException, ChaosException {
        await("the server does not listen", () -> isListening);
    }

    /** Waits until the server says that the agent is attached. */
    public void awaitAttached() throws IOException, InterruptedException, ChaosException {
        await("the agent is not attached", () -> isAttached);
    }

    @FunctionalInterface
    private interface Condition {
        boolean holds();
    }

    private void await(String otherwise, Condition condition) throws IOException, InterruptedException, ChaosException {
        long begun = time.nanoTime();
        while (!condition.holds()) {
            if (time.nanoTime() - begun > PATIENCE.toNanos()) {
                throw new ChaosException(otherwise + " within " + PATIENCE.toSeconds() + " s");
            }
            look();
            time.pause(LOOK);
        }
    }

    /** Takes note of what has changed. */
    private void look() throws IOException, InterruptedException, ChaosException {
        requireRunning();
        if (!isListening) {
            readServerFile();
        }
        if (isListening && !isAttached) {
            AdminApi.Fleet fleet = fleet();
            if (fleet != null && fleet.attached() > 0 && fleet.attachments() > attachmentsBefore) {
                isAttached = true;
                long now = time.nanoTime();
                reattached.add(Duration.ofNanos(Math.min(now - listeningSince, now - agentSince)));
            }
        }
    }

    private void requireRunning() throws IOException, ChaosException {
        for (Role role : Role.values()) {
            Child child = role == Role.AGENT ? agent : server;
            if (child == null || child.isAlive()) {
                continue;
            }
            Path log = role == Role.AGENT ? agentLog() : serverLog();
            boolean isTaken = role == Role.SERVER && tail(log).contains("is in use");
            if (!isTaken || ++takenPorts > MOST_TAKEN_PORTS) {
                throw new ChaosException("the " + role.name().toLowerCase(Locale.ROOT)
                        + " ended by itself with exit code " + child.exitCode() + ": " + tail(log));
            }
            start(role);
        }
    }

    private void readServerFile() throws IOException {
        Child running = server;
        try {
            JsonNode file =
                    JsonMapper.shared().readTree(Files.readString(serverData().resolve("server.json")));
            if (running == null || file.path("pid").asLong(0) != running.pid()) {
                return;
            }
            listen = file.path("listen").asString(listen);
            admin = file.path("admin").asString(admin);
        } catch (NoSuchFileException | JacksonException starting) {
            // It is written once the server listens.
            return;
        }
        if (api == null) {
            String token = Files.readString(serverData().resolve("admin.token")).strip();
            api = new AdminApi(URI.create("http://" + admin), token);
        }
        isListening = true;
        listeningSince = time.nanoTime();
    }

    private AdminApi.@Nullable Fleet fleet() throws InterruptedException {
        try {
            return api().fleet();
        } catch (IOException unanswered) {
            // A server that was just killed, or is just starting, is asked again.
            return null;
        }
    }

    /** What anybody can read at the server. */
    public AdminApi api() {
        AdminApi known = api;
        if (known == null) {
            throw new IllegalStateException("no server has listened yet");
        }
        return known;
    }

    /**
     * Asks one to stop, and waits until it has.
     *
     * @throws ChaosException if it does not in time, or not in order
     */
    public void stop(Role role) throws InterruptedException, ChaosException {
        notePeaks();
        Child child = running(role);
        child.terminate();
        String name = "the " + role.name().toLowerCase(Locale.ROOT);
        if (!child.await(PATIENCE)) {
            throw new ChaosException(name + " did not stop within " + PATIENCE.toSeconds() + " s");
        }
        if (child.exitCode() != 0) {
            throw new ChaosException(name + " stopped with exit code " + child.exitCode());
        }
    }

    private Child running(Role role) {
        Child child = role == Role.AGENT ? agent : server;
        if (child == null) {
            throw new IllegalStateException(role + " was never started");
        }
        return child;
    }

    private void notePeaks() {
        peakServerKib = Math.max(peakServerKib, server == null ? 0 : server.peakKib());
        peakAgentKib = Math.max(peakAgentKib, agent == null ? 0 : agent.peakKib());
    }

    private Path serverData() {
        return directory.resolve("server");
    }

    private static String tail(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log);
        return lines.isEmpty() ? "" : lines.getLast();
    }

    /** Lets go of its connections; its processes are the launcher's to end. */
    @Override
    public void close() {
        if (api != null) {
            api.close();
        }
    }
}
