// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The container and the pod that the agent runs in, if it does: by the variables that a manifest usually fills from the
 * downward API, and by what Kubernetes mounts into every pod.
 */
final class Kubernetes {

    private static final String SERVICE_HOST = "KUBERNETES_SERVICE_HOST";

    private static final String[] NODE = {"K8S_NODE_NAME", "KUBE_NODE_NAME", "MY_NODE_NAME", "NODE_NAME"};
    private static final String[] POD = {"K8S_POD_NAME", "MY_POD_NAME", "POD_NAME"};
    private static final String[] POD_UID = {"K8S_POD_UID", "MY_POD_UID", "POD_UID"};
    private static final String[] NAMESPACE = {
        "K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "K8S_POD_NAMESPACE", "MY_POD_NAMESPACE", "POD_NAMESPACE"
    };
    private static final String[] CLUSTER = {"K8S_CLUSTER_NAME", "KUBE_CLUSTER_NAME", "CLUSTER_NAME"};
    private static final String[] VERSION = {"K8S_CLUSTER_VERSION", "K8S_VERSION", "KUBERNETES_VERSION"};

    /** What is looked at. */
    static final List<String> VARIABLES = variables();

    private static final String ACCOUNT = "var/run/secrets/kubernetes.io/serviceaccount/namespace";

    private static final Pattern IN_CGROUP =
            Pattern.compile("(?:^|[/:_-])([0-9a-f]{64})(?:\\.scope)?\\s*$", Pattern.MULTILINE);
    private static final Pattern IN_MOUNTS = Pattern.compile("containers/(?:[\\w.-]+/)*?([0-9a-f]{64})/");

    /** The largest file of those that is looked at. */
    private static final int LARGEST = 256 << 10;

    private Kubernetes() {}

    /** Whether the agent runs in a container. */
    static boolean isContained(Surroundings surroundings) {
        return isPod(surroundings) || container(surroundings).isPresent();
    }

    static void describe(Surroundings surroundings, Attributes attributes) {
        attributes.put("container.id", container(surroundings));
        if (!isPod(surroundings)) {
            // NODE_NAME and its like mean something else elsewhere.
            return;
        }
        attributes.put("k8s.cluster.name", surroundings.variable(CLUSTER));
        attributes.put("k8s.cluster.version", surroundings.variable(VERSION));
        attributes.put("k8s.node.name", surroundings.variable(NODE));
        attributes.put(
                "k8s.namespace.name",
                surroundings.variable(NAMESPACE).or(() -> surroundings.file(ACCOUNT, Attributes.LONGEST)));
        attributes.put("k8s.pod.name", surroundings.variable(POD));
        attributes.put("k8s.pod.uid", surroundings.variable(POD_UID));
    }

    private static boolean isPod(Surroundings surroundings) {
        return surroundings.has(SERVICE_HOST)
                || surroundings.file(ACCOUNT, Attributes.LONGEST).isPresent();
    }

    /** By the first version of control groups its id is in the group's path, by the second only in that of a mount. */
    private static Optional<String> container(Surroundings surroundings) {
        return found(IN_CGROUP, surroundings, "proc/self/cgroup")
                .or(() -> found(IN_MOUNTS, surroundings, "proc/self/mountinfo"));
    }

    private static Optional<String> found(Pattern pattern, Surroundings surroundings, String file) {
        return surroundings
                .file(file, LARGEST)
                .map(pattern::matcher)
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1));
    }

    private static List<String> variables() {
        Stream<String> filled =
                Stream.of(NODE, POD, POD_UID, NAMESPACE, CLUSTER, VERSION).flatMap(Arrays::stream);
        return Stream.concat(Stream.of(SERVICE_HOST), filled).toList();
    }
}
