// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core.policy;

/** Why an attempt failed. Each cause may have a policy of its own. */
public enum Cause {
    /** The connection was refused or reset, or ended. */
    NETWORK,
    /** No answer in time. */
    TIMEOUT,
    /** The secure channel could not be set up: a certificate, an alert, bytes that are not TLS. */
    TLS,
    /** The answer made no sense: garbage, a redirect, a plain 200 where an upgrade was due. */
    PROTOCOL,
    /** The other side said that it has too much to do: 408, 425, 429, 503, or its own word for it. */
    OVERLOAD,
    /** The other side failed: any other 5xx. */
    SERVER,
    /** The credentials were not accepted: 401. */
    AUTH,
    /** This request will not do, however often it is made: any other 4xx, or a defect of the program that makes it. */
    REJECTED,
    /** The other side asked to be left, and will be back. */
    DRAIN,
    /** The fault is on this side: suspended, no name service, no route, out of memory. */
    LOCAL;

    /**
     * The cause that an HTTP status stands for where something else was wanted.
     *
     * @param status any status; one below 400 is {@link #PROTOCOL}, since it was not what was wanted
     */
    public static Cause ofHttpStatus(int status) {
        return switch (status) {
            case 401 -> AUTH;
            case 408, 425, 429, 503 -> OVERLOAD;
            default -> {
                if (status < 400 || status > 599) {
                    yield PROTOCOL;
                }
                yield status < 500 ? REJECTED : SERVER;
            }
        };
    }
}
