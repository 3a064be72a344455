// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's addresses as they are now, without those of loopback, of one link alone, and of interfaces that are down.
 *
 * @param ip as texts, IPv4 first, each kind sorted
 * @param mac in capital hexadecimal digits with hyphens, sorted
 */
record Addresses(List<String> ip, List<String> mac) {

    private static final Logger log = LoggerFactory.getLogger(Addresses.class);

    private static final HexFormat HYPHENS = HexFormat.ofDelimiter("-").withUpperCase();

    static Addresses now() {
        Set<String> four = new TreeSet<>();
        Set<String> six = new TreeSet<>();
        Set<String> mac = new TreeSet<>();
        try {
            for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
                if (each.isUp() && !each.isLoopback()) {
                    Collections.list(each.getInetAddresses()).forEach(address -> add(address, four, six));
                    byte[] hardware = each.getHardwareAddress();
                    if (hardware != null && hardware.length > 0) {
                        mac.add(HYPHENS.formatHex(hardware));
                    }
                }
            }
        } catch (SocketException e) {
            // A host without a network has none, and some sandboxes hide them.
            log.debug("the addresses of this host cannot be read", e);
        }
        return new Addresses(concat(four, six), List.copyOf(mac));
    }

    private static void add(InetAddress address, Set<String> four, Set<String> six) {
        // A link-local one is good for the machines beside it alone, and every interface has one.
        if (!address.isLoopbackAddress() && !address.isAnyLocalAddress() && !address.isLinkLocalAddress()) {
            (address instanceof Inet6Address ? six : four).add(text(address));
        }
    }

    /** The address as people write it. */
    static String text(InetAddress address) {
        String text = address.getHostAddress().toLowerCase(Locale.ROOT);
        int scope = text.indexOf('%');
        return address instanceof Inet6Address ? compressed(scope < 0 ? text : text.substring(0, scope)) : text;
    }

    /** The longest run of zeros, of the first that are as long, as two colons. */
    private static String compressed(String address) {
        String[] groups = address.split(":", -1);
        int start = -1;
        int length = 1;
        for (int i = 0; i < groups.length; i++) {
            int j = i;
            while (j < groups.length && groups[j].equals("0")) {
                j++;
            }
            if (j - i > length) {
                start = i;
                length = j - i;
            }
        }
        if (start < 0) {
            return address;
        }
        List<String> all = List.of(groups);
        return String.join(":", all.subList(0, start)) + "::"
                + String.join(":", all.subList(start + length, all.size()));
    }

    private static List<String> concat(Set<String> first, Set<String> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }
}
