// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent;

import dev.holdfast.agent.link.Link;
import dev.holdfast.agent.subsystem.Records;
import dev.holdfast.core.time.Time;
import dev.holdfast.opamp.Capabilities;
import dev.holdfast.opamp.CustomMessage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends status records over the link as custom messages. While the link is down the newest one is kept, and those that
 * it took the place of are counted and told. State is touched from the link's loop alone.
 */
final class LinkRecords implements Records {

    private static final Logger log = LoggerFactory.getLogger(LinkRecords.class);

    private static final String TYPE = "record";

    private final Time time;
    private final Link link;
    private @Nullable CustomMessage newest;
    private boolean sending;
    private long replaced;

    LinkRecords(Time time, Link link) {
        this.time = time;
        this.link = link;
    }

    @Override
    public void record(String lane, String json) {
        CustomMessage message = CustomMessage.ofText(Capabilities.STATUS, TYPE, json);
        time.execute(() -> {
            if (newest != null) {
                replaced++;
            }
            newest = message;
            flush();
        });
    }

    /** Sends what is kept, if the link is attached to a server that takes it. To be called on the loop. */
    void flush() {
        CustomMessage message = newest;
        if (message == null || sending) {
            return;
        }
        sending = true;
        newest = null;
        var unused = link.send(message).thenAccept(sent -> {
            sending = false;
            if (sent) {
                tellReplaced();
                flush();
            } else if (newest == null) {
                newest = message;
            } else {
                replaced++;
            }
        });
    }

    private void tellReplaced() {
        if (replaced > 0) {
            log.info("{} status records gave way to newer ones before they could be sent", replaced);
            replaced = 0;
        }
    }
}
