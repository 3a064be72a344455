// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import java.util.Collection;
import java.util.List;

/** Where a fleet is kept. One thread uses it at a time. */
public interface FleetStore extends AutoCloseable {

    /**
     * All records, each as it was last saved.
     *
     * @throws FleetStoreException if they cannot be read
     */
    List<AgentRecord> load() throws FleetStoreException;

    /**
     * Puts records in the place of those with the same uid, all of them or none. They are durable when this returns.
     *
     * @throws FleetStoreException if none was saved; if it says that the store is {@link FleetStoreException#emptied},
     *     then neither is what was saved before
     */
    void save(Collection<AgentRecord> records) throws FleetStoreException;

    /** Lets go of what it holds. Without effect the second time. */
    @Override
    void close();
}
