// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.core;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/** Which version of Holdfast this is, as the build wrote it down. */
public final class Version {

    private static final String CURRENT = read();

    private Version() {}

    /** The version, such as {@code 1.4.0}. */
    public static String current() {
        return CURRENT;
    }

    private static String read() {
        try (InputStream in = Objects.requireNonNull(Version.class.getResourceAsStream("version.properties"))) {
            Properties properties = new Properties();
            properties.load(in);
            return Objects.requireNonNull(properties.getProperty("version"));
        } catch (IOException e) {
            throw new UncheckedIOException("reading version.properties from the class path", e);
        }
    }
}
