// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import java.net.InetAddress;
import java.net.UnknownHostException;

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
