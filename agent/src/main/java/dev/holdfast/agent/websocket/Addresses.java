// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.websocket;

import dev.holdfast.agent.link.Failure;
import dev.holdfast.core.policy.Cause;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Connects to a name by its addresses in turn, until one takes the connection. Those that failed come last the next
 * time, the latest at the very end, so that neither one that is dead nor one that takes connections and is of no use is
 * dialled for ever. Blocks; safe for use by several threads.
 *
 * <p>Only an address that takes no connection hands over to the next one at once. A server that took it and then failed
 * was asked: to ask its neighbours at once as well would multiply the load of a fleet that finds its servers busy.
 */
final class Addresses {

    /** The longest that one address is waited for. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    /** How many addresses one dial tries at most; the others have their turn in the next. */
    private static final int MOST = 8;

    private final Resolver resolver;

    /** The addresses that failed, of each name, in the order in which they did. */
    private final Map<String, Set<InetAddress>> failed = new HashMap<>();

    /** From a name to its addresses. */
    @FunctionalInterface
    interface Resolver {

        /**
         * Blocks until they are known.
         *
         * @throws UnknownHostException if there are none
         */
        InetAddress[] addresses(String host) throws UnknownHostException;
    }

    /** Is given each socket before it is used, to close it from another thread. */
    @FunctionalInterface
    interface Holder {

        /**
         * Takes it into keeping.
         *
         * @throws IOException if it is wanted no more; the socket is then closed
         */
        void hold(Socket socket) throws IOException;
    }

    Addresses(Resolver resolver) {
        this.resolver = resolver;
    }

    /**
     * Connects.
     *
     * @param within how long the whole dial may take; each address gets an equal share of it, and the upgrade another
     * @throws IOException if no address takes the connection
     */
    Socket connect(String host, int port, Duration within, Holder holder) throws IOException {
        List<InetAddress> inTurn = inTurn(host, List.of(resolver.addresses(host)));
        Duration share = within.dividedBy(inTurn.size() + 1L);
        Duration timeout = share.compareTo(CONNECT_TIMEOUT) < 0 ? share : CONNECT_TIMEOUT;
        StringBuilder tried = new StringBuilder();
        Failure worst = Failure.of(Cause.LOCAL, "no address of " + host);
        for (InetAddress address : inTurn) {
            Socket socket = new Socket();
            holder.hold(socket);
            try {
                socket.connect(new InetSocketAddress(address, port), Math.toIntExact(Math.max(1, timeout.toMillis())));
                return socket;
            } catch (IOException e) {
                socket.close();
                failed(host, address);
                Failure failure = Failure.of(e);
                tried.append(tried.isEmpty() ? "" : ", ").append(address.getHostAddress());
                tried.append(": ").append(e.getMessage());
                // What another machine had to do with tells more than what this one could not even try.
                worst = failure.cause() == Cause.LOCAL && worst.cause() != Cause.LOCAL ? worst : failure;
            }
        }
        throw new DialException(inTurn.size() == 1 ? worst : Failure.of(worst.cause(), "no address: " + tried));
    }

    /** Puts an address last from now on. */
    synchronized void failed(String host, InetAddress address) {
        Set<InetAddress> ofHost = failed.computeIfAbsent(host, name -> new LinkedHashSet<>());
        ofHost.remove(address);
        ofHost.add(address);
    }

    /** Takes that back. */
    synchronized void good(String host, InetAddress address) {
        Set<InetAddress> ofHost = failed.get(host);
        if (ofHost != null) {
            ofHost.remove(address);
        }
    }

    private synchronized List<InetAddress> inTurn(String host, List<InetAddress> addresses) {
        Set<InetAddress> last = failed.computeIfAbsent(host, name -> new LinkedHashSet<>());
        last.retainAll(addresses);
        return Stream.concat(addresses.stream().filter(address -> !last.contains(address)), last.stream())
                .limit(MOST)
                .toList();
    }
}
