// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.value;

import java.nio.file.Path;

/**
 * Where a value was written.
 *
 * @param text as it ends a message: {@code in FILE line 3}
 * @param base what a relative path written there is relative to
 * @param home what {@code ~} stands for
 */
public record Place(String text, Path base, Path home) {

    /** The path that was meant by {@code path}; not necessarily absolute or normal. */
    public Path resolve(String path) {
        if (path.equals("~")) {
            return home;
        }
        return path.startsWith("~/") ? home.resolve(path.substring(2)) : base.resolve(path);
    }
}
