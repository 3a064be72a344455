// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FleetTableTest {

    @Test
    void hasALineForEachAgentByHostAndOneThatSumsUp() throws Exception {
        Fleet fleet = Fleet.parse("""
                [{"instance_uid": "u2", "host": "zebra", "attached": false, "registrations": 1, "rejoins": 12,
                  "last_seen": "2026-01-02T03:04:05.678Z", "healthy": false, "version": "1.0"},
                 {"instance_uid": "u1", "host": "a", "attached": true, "transport": "polling", "registrations": 2, "rejoins": 0,
                  "last_seen": null, "healthy": true, "version": "1.0", "labels": {"site": "berlin", "rack": "4"}}]
                """);

        assertThat(FleetTable.of(fleet)).isEqualTo("""
                INSTANCE UID  HOST   ATTACHED  OVER     HEALTHY  REGISTRATIONS  REJOINS  LAST SEEN             VERSION \
                 LABELS
                u1            a      yes       polling  yes      2              0                              1.0     \
                 rack=4, site=berlin
                u2            zebra  no                 no       1              12       2026-01-02T03:04:05Z  1.0
                2 agents, 1 attached""");
    }

    @Test
    void ofNobodyIsTheSumAlone() throws Exception {
        assertThat(FleetTable.of(Fleet.parse("[]"))).isEqualTo("0 agents, 0 attached");
    }

    @Test
    void doesNotLetAHostNameSteerTheTerminal() throws Exception {
        assertThat(FleetTable.of(
                        Fleet.parse("[{\"host\": \"a\\u001b[2Jb\\nc\", \"labels\": {\"\\u001b[1m\": \"x\"}}]")))
                .contains("a?[2Jb?c", "?[1m=x")
                .doesNotContain("\u001b");
    }
}
