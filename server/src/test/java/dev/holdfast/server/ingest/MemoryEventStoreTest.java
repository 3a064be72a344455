// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

class MemoryEventStoreTest extends EventStoreContract {

    private final MemoryEventStore store = new MemoryEventStore();

    @Override
    protected EventStore open() {
        return store;
    }
}
