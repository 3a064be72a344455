// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import java.net.URI;

/** By which proxy an agent is to reach its servers. Immutable. */
public sealed interface ProxyChoice {

    /** The one that the environment names: {@code https_proxy} and its like. */
    record FromEnvironment() implements ProxyChoice {}

    /** None, whatever the environment says. */
    record None() implements ProxyChoice {}

    /**
     * This one, for every server.
     *
     * @param proxy of scheme {@code http}, with a host and a port, and nothing else
     */
    record At(URI proxy) implements ProxyChoice {}
}
