// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.run;

import dev.holdfast.cli.command.ExitCode;
import java.lang.reflect.Proxy;

/**
 * Ends the process at the next SIGINT or SIGTERM: who asks twice does not want to wait. The JVM itself takes no notice
 * of a signal that comes while it stops.
 *
 * <p>Found by name, since the compiler warns of {@code sun.misc.Signal} whatever it is told. Where it is not there the
 * second signal changes nothing.
 */
final class SecondSignal {

    private SecondSignal() {}

    /** From now on. */
    static void ends() {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object end = Proxy.newProxyInstance(
                    SecondSignal.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        Runtime.getRuntime().halt(ExitCode.FAILED);
                        return null;
                    });
            for (String name : new String[] {"INT", "TERM"}) {
                signal.getMethod("handle", signal, handler)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), end);
            }
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            // Then it ends when it has closed, as it would have anyway.
        }
    }
}
