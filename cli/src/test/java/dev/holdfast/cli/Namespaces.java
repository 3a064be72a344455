// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Network namespaces: a server's, and for each of several agents one of its own behind a router of its own. Nothing of
 * it can be reached from outside, or reaches outside.
 *
 * <pre>{@code
 *   agent n  10.77.n.2 ── 10.77.n.1  router n  10.78.n.1 ── 10.78.n.2  server
 * }</pre>
 */
final class Namespaces implements AutoCloseable {

    private final String prefix = "hf" + ProcessHandle.current().pid() + "-";
    private final List<String> made = new ArrayList<>();

    /** Why there can be none here; empty if there can. */
    static Optional<String> obstacle() throws InterruptedException {
        String probe = "hf" + ProcessHandle.current().pid() + "-probe";
        try {
            ip("netns", "add", probe);
            try {
                ip("-n", probe, "link", "set", "lo", "up");
                ip("-n", probe, "link", "add", "one", "type", "veth", "peer", "name", "other");
                ip("-n", probe, "route", "add", "blackhole", "10.99.99.99/32");
            } finally {
                ip("netns", "del", probe);
            }
            return Optional.empty();
        } catch (IOException refused) {
            return Optional.of("network namespaces cannot be made here: " + refused.getMessage());
        }
    }

    /** The server's, and so many agents, from 1 on. */
    Namespaces(int agents) throws IOException, InterruptedException {
        try {
            add("server");
            for (int n = 1; n <= agents; n++) {
                add("agent" + n);
                add("router" + n);
                join("agent" + n, "10.77." + n + ".2", "router" + n, "10.77." + n + ".1");
                join("server", serverAddress(n), "router" + n, "10.78." + n + ".1");
                ip("-n", prefix + "agent" + n, "route", "add", "default", "via", "10.77." + n + ".1");
                ip("-n", prefix + "server", "route", "add", "10.77." + n + ".0/24", "via", "10.78." + n + ".1");
                run(command("router" + n, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1"));
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private void add(String name) throws IOException, InterruptedException {
        ip("netns", "add", prefix + name);
        made.add(prefix + name);
        ip("-n", prefix + name, "link", "set", "lo", "up");
    }

    private void join(String one, String oneAddress, String other, String otherAddress)
            throws IOException, InterruptedException {
        String oneEnd = "to-" + other;
        String otherEnd = "to-" + one;
        ip(("link add " + oneEnd + " netns " + prefix + one + " type veth peer name " + otherEnd + " netns " + prefix
                        + other)
                .split(" "));
        ip("-n", prefix + one, "addr", "add", oneAddress + "/24", "dev", oneEnd);
        ip("-n", prefix + other, "addr", "add", otherAddress + "/24", "dev", otherEnd);
        ip("-n", prefix + one, "link", "set", oneEnd, "up");
        ip("-n", prefix + other, "link", "set", otherEnd, "up");
    }

    /** Where agent {@code n} finds the server. */
    static String serverAddress(int n) {
        return "10.78." + n + ".2";
    }

    /** What to put before a command that is to run in a namespace. */
    List<String> in(String name) {
        return List.of("ip", "netns", "exec", prefix + name);
    }

    private List<String> command(String name, String... command) {
        List<String> all = new ArrayList<>(in(name));
        all.addAll(Arrays.asList(command));
        return all;
    }

    /** From here on what agent {@code n} sends to the server is dropped on its way, without a word. */
    void dropToServer(int n) throws IOException, InterruptedException {
        ip("-n", prefix + "router" + n, "route", "add", "blackhole", serverAddress(n) + "/32");
    }

    /** The same for what the server sends to agent {@code n}. */
    void dropToAgent(int n) throws IOException, InterruptedException {
        ip("-n", prefix + "router" + n, "route", "add", "blackhole", "10.77." + n + ".2/32");
    }

    /** Nothing is dropped any more between agent {@code n} and the server. */
    void heal(int n) throws IOException, InterruptedException {
        String routes = ip("-n", prefix + "router" + n, "route", "show", "type", "blackhole");
        for (String route : routes.lines().map(String::strip).toList()) {
            ip("-n", prefix + "router" + n, "route", "del", "blackhole", route.replace("blackhole ", ""));
        }
    }

    /** Agent {@code n} has no network at all any more, as with its cable drawn. */
    void unplug(int n) throws IOException, InterruptedException {
        ip("-n", prefix + "agent" + n, "link", "set", "to-router" + n, "down");
    }

    /** Agent {@code n} has a network, and no way out of it. */
    void takeRoute(int n) throws IOException, InterruptedException {
        ip("-n", prefix + "agent" + n, "route", "del", "default");
    }

    /** Agent {@code n} has both again. */
    void plug(int n) throws IOException, InterruptedException {
        ip("-n", prefix + "agent" + n, "link", "set", "to-router" + n, "up");
        ip("-n", prefix + "agent" + n, "route", "replace", "default", "via", "10.77." + n + ".1");
    }

    /** What an HTTP server on loopback in a namespace answers. */
    String get(String name, int port, String path) throws IOException, InterruptedException {
        String talk = "exec 3<>/dev/tcp/127.0.0.1/" + port + " && printf 'GET " + path
                + " HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && cat <&3";
        return run(command(name, "bash", "-c", talk));
    }

    @Override
    public void close() {
        for (String name : made.reversed()) {
            try {
                ip("netns", "del", name);
            } catch (IOException gone) {
                System.out.println("namespace " + name + " is left: " + gone.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static String ip(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(Arrays.asList(arguments));
        return run(command);
    }

    /** @throws IOException if there is no such command, or it says that it failed */
    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + output.strip());
        }
        return output;
    }
}
