// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AgentCardTest {

    private static final String FIGURES = """
            "system.cpu.utilization": 0.1234, "system.cpu.load_average.1m": 0.5,
            "system.memory.used": 25232932864, "system.filesystem.free": 512, "system.uptime": 5025
            """;

    @Test
    void saysEachThingOnceAndInUnitsForPeople() throws Exception {
        String agent = """
                {"instance_uid": "0199aa", "host": "box", "attached": true, "last_seen": "2026-01-01T00:00:10.25Z",
                 "version": null,
                 "description": {
                   "identifying": {"service.name": "x"},
                   "non_identifying": {"os.type": "linux", "host.memory.total": 68719476736, "label.site": "berlin",
                                       "dev.holdfast.state": "abcd"}},
                 "health": {"healthy": true, "status": "running", "last_error": "",
                            "started_at": "2026-01-01T00:00:00.5Z", "at": null, "attributes": {%s}, "components": {}},
                 "status": {"at": "2026-01-01T00:00:09.5Z", %s}, "status_at": "2026-01-01T00:00:09.5Z",
                 "state_hash": "abcd", "capabilities": ["A", "B"]}
                """.formatted(FIGURES, FIGURES);

        assertThat(AgentCard.of(agent)).isEqualTo("""
                instance_uid  0199aa
                host          box
                attached      true
                last_seen     2026-01-01T00:00:10Z
                version
                state_hash    abcd

                identity
                  service.name  x

                labels
                  site  berlin

                description
                  os.type            linux
                  host.memory.total  64.0 GiB

                health
                  healthy     true
                  status      running
                  started_at  2026-01-01T00:00:00Z

                capabilities
                    A, B

                last status, 2026-01-01T00:00:09Z
                  system.cpu.utilization      12.3 %
                  system.cpu.load_average.1m  0.5
                  system.memory.used          23.5 GiB
                  system.filesystem.free      512 B
                  system.uptime               1h23m
                """);
    }

    @Test
    void addressesAreListedOnALine() throws Exception {
        assertThat(AgentCard.of("""
                {"description": {"non_identifying": {"host.ip": ["192.0.2.1", "2001:db8::1"], "label.rack": "4"}}}
                """)).contains("labels\n  rack  4\n", "  host.ip  192.0.2.1, 2001:db8::1\n");
    }

    @Test
    void figuresOfHealthThatTheLastStatusHasNotAreShownBesideIt() throws Exception {
        assertThat(AgentCard.of("""
                {"health": {"attributes": {"system.cpu.utilization": 0.5}},
                 "status": {"system.cpu.utilization": 0.25}}
                """))
                .contains("attributes.system.cpu.utilization  50.0 %", "system.cpu.utilization  25.0 %");
    }

    @Test
    void whatIsAmongTheFactsHasNoSection() throws Exception {
        assertThat(AgentCard.of("{\"capabilities\": 10497}")).isEqualTo("capabilities  10497\n");
    }

    @Test
    void anErrorIsShown() throws Exception {
        assertThat(AgentCard.of("{\"health\": {\"healthy\": false, \"last_error\": \"no disk\"}}"))
                .contains("last_error  no disk");
    }

    @Test
    void aListOfWhatIsNotPlainIsShownAsItIs() throws Exception {
        assertThat(AgentCard.of("{\"status\": {\"disks\": [{\"name\": \"a\"}, 1]}}"))
                .contains("disks  {\"name\":\"a\"}, 1");
    }
}
