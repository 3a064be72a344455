// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.ingest;

class MemoryDeliveryTest extends DeliveryContract {

    @Override
    protected EventStore open() {
        return new MemoryEventStore();
    }

    @Override
    protected Backup backUp(EventStore store) {
        MemoryEventStore copy = ((MemoryEventStore) store).copy();
        return copy::copy;
    }

    @Override
    protected int runs() {
        return 30;
    }
}
