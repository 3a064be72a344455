// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.fleet;

import dev.holdfast.opamp.InstanceUid;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A store that lasts as long as the object, for simulations and tests. It stays readable after {@link #close}, as a
 * disk does. Safe for use by any thread.
 */
public final class MemoryFleetStore implements FleetStore {

    private final Map<InstanceUid, AgentRecord> records = new LinkedHashMap<>();

    @Override
    public synchronized List<AgentRecord> load() {
        return List.copyOf(records.values());
    }

    @Override
    public synchronized void save(Collection<AgentRecord> batch) {
        batch.forEach(record -> records.put(record.uid(), record));
    }

    @Override
    public void close() {}
}
