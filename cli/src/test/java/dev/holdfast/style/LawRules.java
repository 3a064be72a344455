// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.style;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One clock, one chance; logic never waits; only edges touch the world. */
final class LawRules {

    private static final Pattern CLOCKS = anyOf(
            "java\\.lang\\.System\\.(nanoTime|currentTimeMillis)\\(.*",
            "java\\.time\\.([A-Z]\\w*|chrono\\.\\w+)\\.now\\(.*",
            "java\\.time\\.(Clock|InstantSource)\\..*",
            "java\\.util\\.Date\\.<init>\\(\\)",
            "java\\.util\\.Calendar\\.getInstance\\(.*",
            "java\\.lang\\.Thread\\.sleep\\(.*",
            "java\\.util\\.concurrent\\.TimeUnit\\.(sleep|timedWait|timedJoin)\\(.*",
            "java\\.util\\.concurrent\\.locks\\.LockSupport\\.park.*",
            "java\\.lang\\.Object\\.wait\\(.*");

    private static final Pattern CHANCE = anyOf(
            "java\\.lang\\.(Strict)?Math\\.random\\(\\)",
            "java\\.util\\.concurrent\\.ThreadLocalRandom\\..*",
            "java\\.util\\.(Random|SplittableRandom)\\.<init>\\(\\)",
            "java\\.util\\.random\\.RandomGenerator\\.(getDefault|of)\\(.*",
            "java\\.util\\.random\\.RandomGeneratorFactory\\.create\\(\\)",
            "java\\.util\\.UUID\\.randomUUID\\(\\)",
            "java\\.util\\.Collections\\.shuffle\\(java\\.util\\.List\\)");

    private static final Pattern SECRETS = anyOf("java\\.security\\.SecureRandom\\.(<init>|getInstance).*");

    private static final Pattern ENVIRONMENT = anyOf(
            "java\\.lang\\.System\\.(getenv|getProperty|getProperties|setProperty|clearProperty)\\(.*",
            "java\\.lang\\.(Integer\\.getInteger|Long\\.getLong|Boolean\\.getBoolean)\\(.*");

    private static final Pattern TERMINAL = anyOf(
            "java\\.lang\\.System\\.(out|err|exit\\(.*)",
            "java\\.lang\\.Runtime\\.(exit|halt)\\(.*",
            ".*\\.printStackTrace\\(\\)");

    /** What waits, and what is outside of the process. Naming what these throw touches neither. */
    private static final Pattern WORLD = anyOf(
            "java\\.lang\\.(Thread|ThreadLocal|Process\\w*|Runtime)(\\$.*)?",
            "java\\.util\\.concurrent\\.(?!atomic\\.|TimeUnit$|ConcurrentMap$|ConcurrentHashMap$|Callable$|\\w+Exception$).*",
            "java\\.util\\.Timer(Task)?",
            "java\\.net\\.(?!URI$|(http\\.)?\\w+Exception$).*",
            "java\\.nio\\.(channels|file)\\.(?!\\w+Exception$).*",
            "java\\.io\\.(?!\\w+Exception$)(File.*|RandomAccessFile)",
            "javax\\.net\\.(?!ssl\\.\\w+Exception$).*",
            "javax?\\.sql\\..*",
            "io\\.netty\\..*",
            "dev\\.holdfast\\.core\\.time\\.SystemTime");

    /** Packages of logic alone. Elsewhere a state machine is told by its name, which ends in Machine or Session. */
    private static final Pattern LOGIC = anyOf(
            "dev\\.holdfast\\.core\\.(policy|breaker|retry|work|delivery)\\..*",
            "dev\\.holdfast\\.opamp\\.\\w+",
            ".*\\.\\w+(Machine|Session)");

    /** Classes in packages of logic that carry out what the logic beside them says. */
    private static final Map<String, String> DRIVERS = Map.of(
            "dev.holdfast.core.breaker.CircuitBreaker", "hands calls over to Calls, and waits for none",
            "dev.holdfast.core.breaker.Calls", "settles a call once its future is done",
            "dev.holdfast.core.retry.Retry", "waits between attempts, by its Time, for those who ask it to",
            "dev.holdfast.core.retry.AsyncRetry", "goes on once a future is done or a wait is over",
            "dev.holdfast.core.work.WorkQueue", "the lock around WorkMachine, and where takers wait",
            "dev.holdfast.core.work.Workers", "the threads that take from it");

    private static final String HOST = "dev.holdfast.agent.subsystem.Host";
    private static final String ROOT = "makes the generators and passes them to everything below";
    private static final String MAIN = "has a main of its own, where a person or a script looks on";

    static final List<Rule<JavaClasses>> ALL = List.of(
            calls(
                    "one clock",
                    CLOCKS,
                    Map.of("dev.holdfast.core.time.SystemTime", "the one clock"),
                    "reads a clock or sleeps (expected: a Time that was passed in)",
                    """
                    package dev.holdfast.server;
                    class Clocks {
                        Object read() throws Exception {
                            long a = System.nanoTime(); /* breaks */
                            long b = System.currentTimeMillis(); /* breaks */
                            Object c = java.time.Instant.now(); /* breaks */
                            Object d = java.time.Clock.systemUTC(); /* breaks */
                            Object e = java.time.LocalDate.now(java.time.ZoneId.of("Z")); /* breaks */
                            Object f = new java.util.Date(); /* breaks */
                            Thread.sleep(1); /* breaks */
                            java.util.concurrent.TimeUnit.SECONDS.sleep(1); /* breaks */
                            java.util.concurrent.locks.LockSupport.parkNanos(1); /* breaks */
                            wait(1); /* breaks */
                            java.util.function.LongSupplier g = System::nanoTime; /* breaks */
                            return java.time.Instant.ofEpochMilli(a + b).plusSeconds(1);
                        }
                    }
                    """),
            calls(
                    "one chance",
                    CHANCE,
                    Map.of(),
                    "draws from chance of its own (expected: a RandomGenerator that was passed in)",
                    """
                    package dev.holdfast.agent;
                    class Agent {
                        Object draw() {
                            double a = Math.random(); /* breaks */
                            Object b = java.util.concurrent.ThreadLocalRandom.current(); /* breaks */
                            Object c = new java.util.Random(); /* breaks */
                            Object d = new java.util.SplittableRandom(); /* breaks */
                            Object e = java.util.random.RandomGenerator.getDefault(); /* breaks */
                            Object f = java.util.UUID.randomUUID(); /* breaks */
                            java.util.Collections.shuffle(new java.util.ArrayList<>()); /* breaks */
                            java.util.function.Supplier<Object> g = java.util.Random::new; /* breaks */
                            return new java.util.Random(7);
                        }
                    }
                    """),
            calls(
                    "chance enters where a program is put together",
                    SECRETS,
                    Map.of(
                            "dev.holdfast.agent.Agent",
                            ROOT,
                            "dev.holdfast.server.Server",
                            ROOT,
                            "dev.holdfast.cli.",
                            ROOT),
                    "makes a generator (expected: made in Agent, Server or cli, and passed in)",
                    """
                    package dev.holdfast.agent.link;
                    class Draws {
                        Object secret() { return new java.security.SecureRandom(); } /* breaks */
                    }
                    """,
                    """
                    package dev.holdfast.agent;
                    class Agent {
                        Object secret() { return new java.security.SecureRandom(); }
                    }
                    """),
            calls(
                    "the environment is read in cli",
                    ENVIRONMENT,
                    Map.of(
                            "dev.holdfast.cli.",
                            "its work",
                            "dev.holdfast.lab.",
                            MAIN,
                            HOST,
                            "the host is what it reports",
                            "dev.holdfast.server.SqliteLibrary",
                            "sqlite-jdbc can be told in no other way"),
                    "reads or sets the environment (expected: a value that was passed in from cli)",
                    """
                    package dev.holdfast.server;
                    class Reads {
                        Object read() {
                            Object a = System.getenv("A"); /* breaks */
                            Object b = System.getProperty("b"); /* breaks */
                            Object c = Integer.getInteger("c"); /* breaks */
                            return System.lineSeparator();
                        }
                    }
                    """,
                    """
                    package dev.holdfast.cli.config;
                    class Environment {
                        Object read() { return System.getenv("A"); }
                    }
                    """),
            calls(
                    "the terminal and the process belong to cli",
                    TERMINAL,
                    Map.of("dev.holdfast.cli.", "its work", "dev.holdfast.lab.", MAIN),
                    "prints or ends the process (expected: a logger, an exception, or a value returned to cli)",
                    """
                    package dev.holdfast.server;
                    class Prints {
                        void print(Exception e) {
                            System.out.println(); /* breaks */
                            System.err.println(); /* breaks */
                            e.printStackTrace(); /* breaks */
                            System.exit(1); /* breaks */
                            org.slf4j.LoggerFactory.getLogger("a").info("b");
                        }
                    }
                    """,
                    """
                    package dev.holdfast.cli;
                    class Main {
                        void print() { System.out.println(); }
                    }
                    """),
            Rule.of(
                    "logic never waits and never touches the world",
                    LawRules::worldly,
                    Sample.java("""
                            package dev.holdfast.agent.link;
                            class LinkMachine {
                                Object touch() throws Exception {
                                    Object a = new java.net.Socket(); /* breaks */
                                    Object b = java.nio.file.Files.readString(null); /* breaks */
                                    Object c = Thread.currentThread(); /* breaks */
                                    Object d = java.util.concurrent.Executors.newCachedThreadPool(); /* breaks */
                                    Object e = new java.util.concurrent.locks.ReentrantLock(); /* breaks */
                                    Object f = new java.io.FileInputStream(""); /* breaks */
                                    Object g = dev.holdfast.core.time.SystemTime.start(""); /* breaks */
                                    Object h = new java.util.concurrent.atomic.AtomicLong();
                                    return java.net.URI.create("");
                                }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.core.policy;
                            class Hasty { Object wait(Object x) { return Thread.currentThread(); } } /* breaks */
                            """),
                    Sample.java("""
                            package dev.holdfast.core.breaker;
                            class Knows {
                                boolean broken(Throwable thrown) {
                                    return thrown instanceof java.net.ConnectException
                                            || thrown instanceof java.util.concurrent.TimeoutException
                                            || thrown instanceof javax.net.ssl.SSLException;
                                }
                                Object wait(Object x) throws Exception {
                                    return ((java.util.concurrent.Future<?>) x).get(); /* breaks */
                                }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.core.retry;
                            class Retry {
                                Object run() { return new java.util.concurrent.CompletableFuture<>(); }
                            }
                            """),
                    Sample.java("""
                            package dev.holdfast.core.work;
                            class WorkMachine { Object wait(Object x) { return Thread.currentThread(); } } /* breaks */
                            """),
                    Sample.java("""
                            package dev.holdfast.core.work;
                            class Workers { Object run() { return Thread.currentThread(); } }
                            """),
                    Sample.java("""
                            package dev.holdfast.agent.link;
                            class Link { Object run() { return Thread.currentThread(); } }
                            """)));

    private LawRules() {}

    private static Pattern anyOf(String... patterns) {
        return Pattern.compile(String.join("|", patterns));
    }

    /**
     * A rule on calls and field accesses.
     *
     * @param targets the full names of what is reached, parameters included
     * @param allowed who may none the less, and why: a class with those nested in it, or a package and a dot
     */
    private static Rule<JavaClasses> calls(
            String name, Pattern targets, Map<String, String> allowed, String what, String... samples) {
        Function<JavaClasses, Stream<Finding>> check = classes -> classes.stream()
                .filter(type -> Classes.isWritten(type) && !isAllowed(type, allowed))
                .flatMap(type -> type.getAccessesFromSelf().stream())
                .filter(access -> targets.matcher(reached(access)).matches())
                .map(access -> Classes.at(access, reached(access) + ": " + what));
        return new Rule<>(name, check, Stream.of(samples).map(Sample::java).toList());
    }

    private static String reached(JavaAccess<?> access) {
        return access.getTarget().getFullName();
    }

    private static boolean isAllowed(JavaClass type, Map<String, String> allowed) {
        String name = Classes.topLevel(type).getName();
        return allowed.keySet().stream().anyMatch(one -> one.endsWith(".") ? name.startsWith(one) : name.equals(one));
    }

    private static Stream<Finding> worldly(JavaClasses classes) {
        return classes.stream()
                .filter(type -> LOGIC.matcher(Classes.topLevel(type).getName()).matches() && !isAllowed(type, DRIVERS))
                .flatMap(type -> type.getDirectDependenciesFromSelf().stream())
                .filter(dependency -> WORLD.matcher(dependency
                                .getTargetClass()
                                .getBaseComponentType()
                                .getName())
                        .matches())
                .map(
                        dependency -> Classes.at(
                                dependency,
                                dependency.getTargetClass().getName()
                                        + " in a state machine (expected: events and now come in, and what to do goes out to a driver)"));
    }
}
