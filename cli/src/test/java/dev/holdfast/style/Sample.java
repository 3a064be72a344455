// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file made up to break a rule.
 *
 * @param path where it would be
 * @param text what it would hold; each line that breaks the rule says so by {@link #MARK}
 */
record Sample(String path, String text) {

    static final String MARK = "/* breaks */";

    private static final Pattern PACKAGE = Pattern.compile("^package ([\\w.]+)", Pattern.MULTILINE);
    private static final Pattern TYPE = Pattern.compile("\\b(?:class|interface|record|enum) (\\w+)");

    /** A Java file, of the package and named for the first type that are written in it. */
    static Sample java(String text) {
        Matcher in = PACKAGE.matcher(text);
        Matcher type = TYPE.matcher(text);
        String folder = in.find() ? in.group(1).replace('.', '/') + "/" : "";
        return new Sample(folder + (type.find() ? type.group(1) : "package-info") + ".java", text);
    }

    /** The marked lines, as {@link Finding#place} names them. */
    List<String> places() {
        List<String> places = new ArrayList<>();
        List<String> lines = List.of(text.split("\n", -1));
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains(MARK)) {
                places.add(path + ":" + (i + 1));
            }
        }
        return places;
    }
}
