// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes that many share. Safe for use by any thread. */
final class Budget {

    private final long limit;
    private final AtomicLong held = new AtomicLong();

    Budget(long limit) {
        this.limit = limit;
    }

    /** Takes bytes unless they would be too many. */
    boolean take(long bytes) {
        long now = held.addAndGet(bytes);
        if (now <= limit) {
            return true;
        }
        held.addAndGet(-bytes);
        return false;
    }

    void give(long bytes) {
        held.addAndGet(-bytes);
    }

    long held() {
        return held.get();
    }

    /** How full it is, from 0 to 1. */
    double fill() {
        return (double) held.get() / limit;
    }
}
