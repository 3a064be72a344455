// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server.web;

import dev.holdfast.opamp.ServerSession;
import dev.holdfast.server.fleet.Fleet;
import dev.holdfast.server.fleet.LimitedLog;

/** What every conversation on the agent port has in common. */
record Reception(Fleet fleet, ServerSession.Offer offer, WebMeters meters, LimitedLog lines) {}
