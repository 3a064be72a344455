// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * In what order the addresses of a name are dialled: those that failed come last, the latest at the very end, so that
 * neither one that is dead nor one that takes connections and is of no use is dialled for ever. Safe for use by several
 * threads.
 */
final class Addresses {

    /** How many addresses one dial tries at most; the others have their turn in the next. */
    private static final int MOST = 8;

    /** The addresses that failed, of each name, in the order in which they did. */
    private final Map<String, Set<InetAddress>> failed = new HashMap<>();

    /** The first ones to be dialled. */
    synchronized List<InetAddress> inTurn(String host, List<InetAddress> addresses) {
        Set<InetAddress> last = failed.computeIfAbsent(host, name -> new LinkedHashSet<>());
        last.retainAll(addresses);
        return Stream.concat(addresses.stream().filter(address -> !last.contains(address)), last.stream())
                .limit(MOST)
                .toList();
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
}
