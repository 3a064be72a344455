// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import dev.holdfast.core.Version;
import dev.holdfast.opamp.AgentDescription;
import dev.holdfast.opamp.AgentState;
import dev.holdfast.opamp.InstanceUid;
import dev.holdfast.opamp.Value;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import oshi.SystemInfo;
import oshi.hardware.CentralProcessor;
import oshi.hardware.GlobalMemory;
import oshi.hardware.HardwareAbstractionLayer;
import oshi.software.os.OperatingSystem;

/**
 * The host that the agent runs on, as the operating system tells it. Names of attributes are those of OpenTelemetry's
 * semantic conventions where they have one.
 *
 * <p>Safe for use by any thread. Reading takes milliseconds, the first time some hundreds.
 */
public final class Host {

    private static final Logger log = LoggerFactory.getLogger(Host.class);

    private static final String SERVICE_NAME = "holdfast-agent";
    private static final String LABEL_PREFIX = "label.";

    private final Path data;
    private final OperatingSystem system;
    private final CentralProcessor processor;
    private final GlobalMemory memory;
    private long[] ticks;

    /**
     * This host.
     *
     * @param data a directory on the volume whose room is reported
     */
    public Host(Path data) {
        SystemInfo info = new SystemInfo();
        HardwareAbstractionLayer hardware = info.getHardware();
        this.data = data;
        this.system = info.getOperatingSystem();
        this.processor = hardware.getProcessor();
        this.memory = hardware.getMemory();
        this.ticks = processor.getSystemCpuLoadTicks();
    }

    /**
     * What does not change while the agent runs.
     *
     * @param labels what the operator wants to find the agent by
     */
    public AgentDescription describe(InstanceUid uid, Map<String, String> labels) {
        Map<String, Value> identifying = new LinkedHashMap<>();
        identifying.put("service.name", Value.of(SERVICE_NAME));
        identifying.put("service.version", Value.of(Version.current()));
        identifying.put(AgentState.INSTANCE_ATTRIBUTE, Value.of(uid.toString()));

        Map<String, Value> rest = new LinkedHashMap<>();
        rest.put("host.name", Value.of(system.getNetworkParams().getHostName()));
        rest.put("host.arch", Value.of(System.getProperty("os.arch", "unknown")));
        rest.put(
                "host.cpu.model.name",
                Value.of(processor.getProcessorIdentifier().getName()));
        rest.put("host.cpu.count", Value.of(processor.getLogicalProcessorCount()));
        rest.put("host.memory.total", Value.of(memory.getTotal()));
        rest.put("os.type", Value.of(System.getProperty("os.name", "unknown").toLowerCase(Locale.ROOT)));
        rest.put("os.name", Value.of(system.getFamily()));
        rest.put("os.version", Value.of(system.getVersionInfo().toString()));
        rest.put("process.runtime.version", Value.of(Runtime.version().toString()));
        labels.forEach((name, value) -> rest.put(LABEL_PREFIX + name, Value.of(value)));
        return new AgentDescription(identifying, rest);
    }

    /** How busy the host is, and how much was since the call before. */
    public synchronized Load load() {
        long[] before = ticks;
        ticks = processor.getSystemCpuLoadTicks();
        long diskFree = 0;
        long diskTotal = 0;
        try {
            FileStore volume = Files.getFileStore(data);
            diskFree = volume.getUsableSpace();
            diskTotal = volume.getTotalSpace();
        } catch (IOException e) {
            // Some containers hide the mount that a directory is on; the other figures are good all the same.
            log.debug("the volume of {} cannot be read", data, e);
        }
        return new Load(
                processor.getSystemCpuLoadBetweenTicks(before, ticks),
                processor.getSystemLoadAverage(1)[0],
                memory.getTotal() - memory.getAvailable(),
                memory.getTotal(),
                diskFree,
                diskTotal,
                Duration.ofSeconds(system.getSystemUptime()));
    }
}
