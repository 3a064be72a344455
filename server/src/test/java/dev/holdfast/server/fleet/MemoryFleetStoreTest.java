// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

class MemoryFleetStoreTest extends FleetStoreContract {

    private final MemoryFleetStore store = new MemoryFleetStore();

    @Override
    protected FleetStore open() {
        return store;
    }
}
