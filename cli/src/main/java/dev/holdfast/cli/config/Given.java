// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

/** A value and where it was written. */
record Given(Written written, Place place) {}
