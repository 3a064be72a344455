// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.lab.chaos;

/**
 * What a process takes up.
 *
 * @param residentKib its memory, in KiB
 * @param threads how many threads it has
 * @param descriptors how many files and sockets it has open
 */
public record Vitals(long residentKib, long threads, long descriptors) {}
