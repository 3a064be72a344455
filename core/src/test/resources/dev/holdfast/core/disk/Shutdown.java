// SPDX-License-Identifier: Apache-2.0
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Shuts a file system down as if the power were lost: what was not forced is gone. Run from its source, by a JDK of 22
 * or later, since what it calls is not there for programs of the level of this project.
 *
 * <p>Reads the mount point from each line of its input, and answers with what the system said: 0 if it is done.
 */
public class Shutdown {

    /** {@code FS_IOC_SHUTDOWN}: {@code _IOR('X', 125, __u32)}. */
    private static final long REQUEST = 0x8004587DL;

    /** The journal is not written out either. */
    private static final int WITHOUT_FLUSH = 2;

    public static void main(String[] args) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle open = linker.downcallHandle(
                linker.defaultLookup().find("open").orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        MethodHandle ioctl = linker.downcallHandle(
                linker.defaultLookup().find("ioctl").orElseThrow(),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));
        MethodHandle close = linker.downcallHandle(
                linker.defaultLookup().find("close").orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        System.out.println("ready");
        for (String path = System.console() == null ? line() : null; path != null; path = line()) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment flags = arena.allocateFrom(ValueLayout.JAVA_INT, WITHOUT_FLUSH);
                int directory = (int) open.invokeExact(arena.allocateFrom(path), 0);
                int result = (int) ioctl.invokeExact(directory, REQUEST, flags);
                int closed = (int) close.invokeExact(directory);
                System.out.println(result + closed);
            }
        }
    }

    private static String line() throws java.io.IOException {
        StringBuilder line = new StringBuilder();
        int letter = System.in.read();
        while (letter >= 0 && letter != '\n') {
            line.append((char) letter);
            letter = System.in.read();
        }
        return letter < 0 ? null : line.toString();
    }
}
