// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.outbox;

import dev.holdfast.cli.command.Format;
import picocli.CommandLine.Option;

/** How a command prints what it shows; mixed into each that shows something. */
final class FormatOption {

    @Option(names = "--format", paramLabel = "FORMAT", description = "text or json (text).")
    private Format format = Format.TEXT;

    boolean isJson() {
        return format == Format.JSON;
    }
}
