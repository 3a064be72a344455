// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.cli.config;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLParser;

/** A YAML document as a tree that knows its lines. */
final class Yaml {

    /** Deeper than any configuration; a document that nests further is refused. */
    private static final int DEEPEST = 10;

    /** A part of the document. */
    sealed interface Node {
        int line();
    }

    /** A plain value, as it was written. */
    record Scalar(String text, int line) implements Node {}

    /** No value at all. */
    record Nothing(int line) implements Node {}

    /** A list. */
    record Sequence(List<Node> items, int line) implements Node {}

    /** Names with values; a name may come twice. */
    record Mapping(List<Member> members, int line) implements Node {}

    /** A name with its value. */
    record Member(String name, int line, Node value) {}

    /** The document is not what was expected; the message says why. */
    static final class SyntaxException extends Exception {

        private static final long serialVersionUID = 1L;

        private final int line;
        private final int column;

        private SyntaxException(String message, @Nullable TokenStreamLocation location) {
            super(message);
            this.line = location == null ? 1 : location.getLineNr();
            this.column = location == null ? 1 : location.getColumnNr();
        }

        int line() {
            return line;
        }

        int column() {
            return column;
        }
    }

    private final JsonParser parser;

    private Yaml(JsonParser parser) {
        this.parser = parser;
    }

    /** Reads one document; an empty one is {@link Nothing}. */
    static Node parse(String text) throws SyntaxException {
        try (JsonParser parser = new YAMLFactory().createParser(ObjectReadContext.empty(), text)) {
            Yaml yaml = new Yaml(parser);
            JsonToken first = parser.nextToken();
            if (first == null) {
                return new Nothing(1);
            }
            Node root = yaml.node(first, 0);
            if (parser.nextToken() != null) {
                throw yaml.refused("a second document (expected: one)");
            }
            return root;
        } catch (JacksonException e) {
            throw new SyntaxException(problem(e.getOriginalMessage()) + " (expected: YAML)", e.getLocation());
        }
    }

    private Node node(JsonToken token, int depth) throws SyntaxException {
        int line = line();
        if (depth > DEEPEST) {
            throw refused("nested too deep (expected: at most " + DEEPEST + " levels)");
        }
        if (parser instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
            throw refused("*" + parser.getString() + " (expected: the value itself; aliases are not taken)");
        }
        return switch (token) {
            case START_OBJECT -> new Mapping(members(depth), line);
            case START_ARRAY -> new Sequence(items(depth), line);
            case VALUE_NULL -> new Nothing(line);
            default -> new Scalar(parser.getString(), line);
        };
    }

    private List<Member> members(int depth) throws SyntaxException {
        List<Member> members = new ArrayList<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            int line = line();
            members.add(new Member(name, line, node(parser.nextToken(), depth + 1)));
        }
        return members;
    }

    private List<Node> items(int depth) throws SyntaxException {
        List<Node> items = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            items.add(node(token, depth + 1));
        }
        return items;
    }

    private int line() {
        return parser.currentTokenLocation().getLineNr();
    }

    private SyntaxException refused(String message) {
        return new SyntaxException(message, parser.currentTokenLocation());
    }

    /** What the parser found, without the excerpts of the document that it quotes on lines of their own. */
    private static String problem(@Nullable String message) {
        return message == null
                ? "not YAML"
                : message.lines()
                        .filter(line -> !line.isBlank() && !line.startsWith(" "))
                        .collect(Collectors.joining(", "));
    }
}
