// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

/** A value and where it was written. */
public record Given(Written written, Place place) {}
