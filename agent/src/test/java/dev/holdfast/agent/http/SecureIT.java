// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.agent.link.LinkConfig;
import dev.holdfast.agent.link.Transport;
import dev.holdfast.agent.route.Route;
import dev.holdfast.agent.route.Way;
import dev.holdfast.core.time.SystemTime;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A certificate is checked for the name that was dialled, whichever of its addresses took the connection. */
class SecureIT {

    private static final String NAME = "server.example";
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final long PATIENCE_SECONDS = 60;

    private final SystemTime time = SystemTime.start("transport-under-test");
    private final BlockingQueue<String> askedFor = new LinkedBlockingQueue<>();
    private Transport transport;
    private SSLServerSocket server;

    @TempDir
    Path scratch;

    @BeforeEach
    void listen() throws Exception {
        KeyStore keys = keysWithOneCertificate();
        TrustManagerFactory trusted = trustInTheCertificateOf(keys);
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), null, null);
        server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 5, ScriptedServer.address("127.0.0.1"));
        var unused = Thread.ofVirtual().start(this::serve);
        InetAddress[] addresses = {ScriptedServer.address("127.0.0.2"), ScriptedServer.address("127.0.0.1")};
        LinkConfig config = LinkConfig.of(URI.create("wss://" + NAME));
        transport = new HttpTransport(
                config,
                Proxies.none(),
                time,
                host -> addresses,
                SslContextBuilder.forClient().trustManager(trusted).build());
    }

    @AfterEach
    void close() throws Exception {
        transport.close();
        server.close();
        time.close();
    }

    @Test
    void theNameIsAskedForAndItsCertificateIsGood() throws Exception {
        assertThat(dial(NAME)).isEqualTo("opened");
        assertThat(askedFor.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo(NAME);
    }

    @Test
    void anotherNamesCertificateIsNot() throws Exception {
        assertThat(dial("other.example")).startsWith("TLS").contains("other.example");
        assertThat(dial("127.0.0.1")).startsWith("TLS").contains("127.0.0.1");
    }

    @Test
    void aCertificateThatNobodyTrustsIsNotEither() throws Exception {
        transport.close();
        InetAddress[] addresses = {ScriptedServer.address("127.0.0.1")};
        LinkConfig config = LinkConfig.of(URI.create("wss://" + NAME));
        transport = new HttpTransport(config, Proxies.none(), time, host -> addresses, null);
        assertThat(dial(NAME)).startsWith("TLS");
    }

    private String dial(String host) throws InterruptedException {
        BlockingQueue<String> outcome = new LinkedBlockingQueue<>();
        URI uri = URI.create("wss://" + host + ":" + server.getLocalPort() + "/v1/opamp");
        var unused = transport.dial(new Route.Leg(uri, Way.WEBSOCKET, false), Map.of(), new Outcomes(outcome));
        return String.valueOf(outcome.poll(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    private void serve() {
        while (!server.isClosed()) {
            try (SSLSocket socket = (SSLSocket) server.accept()) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setSNIMatchers(List.of(SNIHostName.createSNIMatcher(".*")));
                socket.setSSLParameters(parameters);
                ScriptedServer.Peer peer = new ScriptedServer.Peer(socket);
                peer.upgrade();
                SSLSession session = socket.getSession();
                askedFor.add(
                        session instanceof ExtendedSSLSession extended
                                        && extended.getRequestedServerNames().getFirst() instanceof SNIHostName name
                                ? name.getAsciiName()
                                : "nobody");
                peer.silence();
            } catch (IOException refusedByTheAgent) {
                // As it should be in all tests but one.
            }
        }
    }

    /** Signed by itself, good for the one name. */
    private KeyStore keysWithOneCertificate() throws Exception {
        Path store = scratch.resolve("store.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process process = new ProcessBuilder(
                        keytool,
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=" + NAME,
                        "-ext",
                        "san=dns:" + NAME,
                        "-keystore",
                        store.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .redirectOutput(scratch.resolve("keytool.log").toFile())
                .start();
        assertThat(process.waitFor()).as(() -> log()).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD);
        }
        return keys;
    }

    private static TrustManagerFactory trustInTheCertificateOf(KeyStore keys) throws Exception {
        KeyStore certificates = KeyStore.getInstance("PKCS12");
        certificates.load(null, null);
        certificates.setCertificateEntry("a", keys.getCertificate("a"));
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(certificates);
        return trusted;
    }

    private String log() {
        try {
            return Files.readString(scratch.resolve("keytool.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
