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
 * The host that the agent runs on, as the operating system tells it, and the cloud and the pod that it is in, as its
 * {@link Surroundings} do. Names of attributes are those of OpenTelemetry's semantic conventions where they have one.
 *
 * <p>Nothing is asked over a network. Texts are cut to 256 characters, lists to 32 texts.
 *
 * <p>Safe for use by any thread. Reading takes milliseconds, the first time some hundreds.
 */
public final class Host {

    private static final Logger log = LoggerFactory.getLogger(Host.class);

    private static final String SERVICE_NAME = "holdfast-agent";
    private static final String LABEL_PREFIX = "label.";

    /** OpenTelemetry's names for what a JVM calls otherwise. */
    private static final Map<String, String> ARCHITECTURES =
            Map.of("x86_64", "amd64", "aarch64", "arm64", "arm", "arm32", "i386", "x86", "i686", "x86");

    private static final Map<String, String> SYSTEMS = Map.of("mac", "darwin", "windows", "windows");

    /** How long the longest is that a system has. */
    private static final int MACHINE_ID = 64;

    private final Path data;
    private final Surroundings surroundings;
    private final OperatingSystem system;
    private final CentralProcessor processor;
    private final GlobalMemory memory;
    private long[] ticks;

    /**
     * This host.
     *
     * @param data a directory on the volume whose room is reported
     * @param surroundings where to look for what the host is part of
     */
    public Host(Path data, Surroundings surroundings) {
        SystemInfo info = new SystemInfo();
        HardwareAbstractionLayer hardware = info.getHardware();
        this.data = data;
        this.surroundings = surroundings;
        this.system = info.getOperatingSystem();
        this.processor = hardware.getProcessor();
        this.memory = hardware.getMemory();
        this.ticks = processor.getSystemCpuLoadTicks();
    }

    /**
     * What is so when the agent starts. What cannot be found out is left out.
     *
     * @param labels what the operator wants to find the agent by
     */
    public AgentDescription describe(InstanceUid uid, Map<String, String> labels) {
        Map<String, Value> identifying = new LinkedHashMap<>();
        identifying.put("service.name", Value.of(SERVICE_NAME));
        identifying.put("service.version", Value.of(Version.current()));
        identifying.put(AgentState.INSTANCE_ATTRIBUTE, Value.of(uid.toString()));

        Attributes found = new Attributes();
        ResourceAttributes.describe(surroundings, found);
        Cloud.describe(surroundings, found);
        Kubernetes.describe(surroundings, found);
        describeHost(found);
        describeSystem(found);
        Map<String, Value> rest = new LinkedHashMap<>(found.all());
        labels.forEach((name, value) -> rest.put(LABEL_PREFIX + name, Value.of(value)));
        return new AgentDescription(identifying, rest);
    }

    private void describeHost(Attributes found) {
        found.put("host.name", system.getNetworkParams().getHostName());
        if (!Kubernetes.isContained(surroundings)) {
            // Containers of one image may share it.
            found.put("host.id", surroundings.file("etc/machine-id", MACHINE_ID));
        }
        String arch = System.getProperty("os.arch", "");
        found.put("host.arch", ARCHITECTURES.getOrDefault(arch, arch));
        CentralProcessor.ProcessorIdentifier identifier = processor.getProcessorIdentifier();
        found.put("host.cpu.model.name", identifier.getName());
        found.put("host.cpu.vendor.id", identifier.getVendor());
        found.put("host.cpu.count", processor.getLogicalProcessorCount());
        found.put("host.memory.total", memory.getTotal());
        Addresses addresses = Addresses.now();
        found.put("host.ip", addresses.ip());
        found.put("host.mac", addresses.mac());
    }

    private void describeSystem(Attributes found) {
        String name = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        found.put("os.type", SYSTEMS.getOrDefault(name.split(" ", 2)[0], name));
        found.put("os.name", system.getFamily());
        found.put("os.version", system.getVersionInfo().toString());
        found.put("os.description", system.toString());
        found.put("process.runtime.version", Runtime.version().toString());
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
