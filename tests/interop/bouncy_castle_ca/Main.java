import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * A small CMP CA for tests: codec and cryptography are Bouncy Castle's, so that our client is judged by code nobody here wrote.
 *
 * <pre>java -cp ... Main --dir DIR --reference R --code-file FILE</pre>
 *
 * prints one line of JSON ({@code url}, {@code root}, {@code oldRoot}, {@code version}), then serves until its standard input closes.
 *
 * <pre>
 * POST /cmp/SWITCH,SWITCH/ROW   one CMP message; the switches are in Switches.java, "-" for none
 * GET  /log/ROW                 what the messages of this row said, and what was decided
 * </pre>
 */
public final class Main {
    /** Nobody here sends more. */
    private static final int MOST_BYTES = 1 << 20;

    private final Desk desk;
    private final Map<String, Row> rows = new ConcurrentHashMap<>();

    private Main(Desk desk) {
        this.desk = desk;
    }

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        // Otherwise every answer waits 40 ms for the acknowledgement of its head.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Path folder = Path.of(option(arguments, "--dir"));
        String code = Files.readString(Path.of(option(arguments, "--code-file"))).strip();
        Authority authority = new Authority();
        Path root = folder.resolve("root.pem");
        Files.writeString(root, Authority.pem(authority.root.certificate));
        Path oldRoot = folder.resolve("old-root.pem");
        Files.writeString(oldRoot, Authority.pem(authority.oldRoot.certificate));
        Main main = new Main(new Desk(authority, new Protection(authority, option(arguments, "--reference"), code)));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/cmp/", main::message);
        server.createContext("/log/", main::log);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.start();
        System.out.printf("{\"url\":\"http://127.0.0.1:%d\",\"root\":\"%s\",\"oldRoot\":\"%s\",\"version\":\"%s\"}%n",
            server.getAddress().getPort(), root, oldRoot, version());
        System.out.flush();
        while (System.in.read() >= 0) {
            // Lives as long as the one who started it.
        }
        System.exit(0);
    }

    private static String version() {
        String castle = Security.getProvider("BC").getVersionStr();
        return "Bouncy Castle " + castle + " on Java " + Runtime.version();
    }

    private static String option(String[] arguments, String name) {
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            if (arguments[i].equals(name)) {
                return arguments[i + 1];
            }
        }
        throw new IllegalArgumentException(name + " is missing");
    }

    private void message(HttpExchange exchange) throws IOException {
        String[] path = exchange.getRequestURI().getPath().split("/", 4);
        try (exchange) {
            if (path.length < 4 || !exchange.getRequestMethod().equals("POST")) {
                send(exchange, 404, "text/plain", "POST /cmp/SWITCHES/ROW".getBytes(StandardCharsets.UTF_8));
                return;
            }
            Row row = rows.computeIfAbsent(path[3], name -> new Row(new Switches(path[2])));
            byte[] bytes = exchange.getRequestBody().readNBytes(MOST_BYTES);
            String type = exchange.getRequestHeaders().getFirst("Content-Type");
            if (!"application/pkixcmp".equalsIgnoreCase(type)) { // RFC 9811, section 3.4
                row.say("content type " + type);
                send(exchange, 415, "text/plain", new byte[0]);
                return;
            }
            send(exchange, 200, "application/pkixcmp", desk.answer(bytes, row));
        } catch (RuntimeException | IOException failure) {
            failure.printStackTrace();
            send(exchange, 500, "text/plain", failure.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    private void log(HttpExchange exchange) throws IOException {
        Row row = rows.get(exchange.getRequestURI().getPath().split("/", 3)[2]);
        try (exchange) {
            byte[] text = (row == null ? "" : row.text()).getBytes(StandardCharsets.UTF_8);
            send(exchange, row == null ? 404 : 200, "text/plain; charset=utf-8", text);
        }
    }

    private static void send(HttpExchange exchange, int status, String type, byte[] bytes) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
