// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A rule of the house, and sources that break it.
 *
 * @param name what holds where the rule is kept
 * @param check finds where it is not
 * @param samples sources in which the rule finds the lines that are marked, and no other; see {@link Sample}
 */
record Rule<T>(String name, Function<T, Stream<Finding>> check, List<Sample> samples) {

    static <T> Rule<T> of(String name, Function<T, Stream<Finding>> check, Sample... samples) {
        return new Rule<>(name, check, List.of(samples));
    }

    List<Finding> findings(T subject) {
        return check.apply(subject).distinct().toList();
    }

    /** The places that the rule is to find in its samples. */
    List<String> marked() {
        return samples.stream().flatMap(sample -> sample.places().stream()).toList();
    }

    /** The places that it finds. */
    List<String> found(T subject) {
        return check.apply(subject).map(Finding::place).distinct().toList();
    }
}
