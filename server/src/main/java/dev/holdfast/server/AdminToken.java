// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.server;

import dev.holdfast.core.disk.DataDirectory;
import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** The secret that the admin port asks for: 256 random bits, made at the first start and kept. */
final class AdminToken {

    private static final String FILE = "admin.token";

    private static final int BYTES = 32;

    /** What an operator puts there may be shorter than ours, but not guessable. */
    private static final int SHORTEST = 32;

    private AdminToken() {}

    static String of(DataDirectory data, RandomGenerator chance) throws ServerStartException {
        Optional<String> kept = data.read(FILE).map(String::strip);
        if (kept.isPresent()) {
            if (kept.get().length() < SHORTEST) {
                throw new ServerStartException(
                        data.path().resolve(FILE) + ": " + kept.get().length() + " characters (expected: at least "
                                + SHORTEST + "; remove the file and a new token is made)");
            }
            return kept.get();
        }
        byte[] bytes = new byte[BYTES];
        chance.nextBytes(bytes);
        String token = HexFormat.of().formatHex(bytes);
        data.write(FILE, token + "\n");
        return token;
    }
}
