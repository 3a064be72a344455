// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.properties.HasModifiers;
import com.tngtech.archunit.core.domain.properties.HasSourceCodeLocation;
import java.util.Optional;
import java.util.stream.Stream;

/** What the rules on compiled classes ask of a class. */
final class Classes {

    /** The package of what the protobuf compiler wrote. */
    static final String WIRE = "dev.holdfast.opamp.wire";

    /** How the packages of what JMH writes around benchmarks end. */
    private static final String BENCHMARKS = ".jmh_generated";

    private Classes() {}

    static boolean isOurs(JavaClass type) {
        return type.getPackageName().startsWith("dev.holdfast.");
    }

    static boolean isWritten(JavaClass type) {
        return !type.getPackageName().equals(WIRE) && !type.getPackageName().endsWith(BENCHMARKS);
    }

    static boolean isPublic(HasModifiers declaration) {
        return declaration.getModifiers().contains(JavaModifier.PUBLIC);
    }

    /** The class that a class is nested in, however deep, or itself. */
    static JavaClass topLevel(JavaClass type) {
        Optional<JavaClass> enclosing = type.getBaseComponentType().getEnclosingClass();
        return enclosing.map(Classes::topLevel).orElse(type.getBaseComponentType());
    }

    /** What a class shows to those who may use it: the types that it extends and that its members name. */
    static Stream<JavaClass> shownBy(JavaClass type) {
        return Stream.concat(
                Stream.concat(type.getRawSuperclass().stream(), type.getRawInterfaces().stream()),
                type.getMembers().stream()
                        .filter(member ->
                                isPublic(member) || member.getModifiers().contains(JavaModifier.PROTECTED))
                        .flatMap(Classes::shownBy));
    }

    private static Stream<JavaClass> shownBy(JavaMember member) {
        return member.getAllInvolvedRawTypes().stream().map(JavaClass::getBaseComponentType);
    }

    /** A finding in the file that a class was compiled from. */
    static Finding at(HasSourceCodeLocation where, String what) {
        JavaClass type = where.getSourceCodeLocation().getSourceClass();
        String folder = type.getPackageName().replace('.', '/');
        // A class file knows the lines of its code, and of nothing else.
        int line = Math.max(1, where.getSourceCodeLocation().getLineNumber());
        return new Finding(folder + "/" + where.getSourceCodeLocation().getSourceFileName(), line, what);
    }
}
