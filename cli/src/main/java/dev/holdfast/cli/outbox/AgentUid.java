// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The name of the agent that a data directory belongs to. */
final class AgentUid {

    private AgentUid() {}

    /** Nothing if there is none, as where records were kept before an agent ran. */
    static Optional<String> in(Path data) {
        try {
            return Optional.of(Files.readString(data.resolve("instance_uid")).strip());
        } catch (IOException none) {
            return Optional.empty();
        }
    }
}
