import java.util.ArrayList;
import java.util.List;

/** One row of the tests: the behaviour it asked for, and what was seen of it. */
final class Row {
    final Switches switches;
    private final List<String> lines = new ArrayList<>();

    Row(Switches switches) {
        this.switches = switches;
    }

    synchronized void say(String line) {
        lines.add(line.replace('\n', ' '));
    }

    synchronized String text() {
        return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
    }
}
