// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

/** The types of frames, and codes of a close, of RFC 6455 (sections 5.2 and 7.4.1). */
final class OpCode {

    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    static final short NORMAL = 1000;

    /** Never sent: a close that bore no code. */
    static final int NO_CODE = 1005;

    /** Never sent: a connection that ended without a close. */
    static final int ABNORMAL = 1006;

    private OpCode() {}
}
