import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.apache.flink.configuration.GlobalConfiguration;

/**
 * Does what the official entrypoint since 1.19 does to a configuration directory, and says what Flink reads there.
 * Each line of standard input is a directory, a file name,
 * and rounds of options (`key=value`, a byte 2 between them), parted by a byte 1; each round is one call of the
 * scripts' class, whose answer becomes the file. Prints `case DIR`, then `error TEXT` or lines `k KEY TAB VALUE`.
 */
public final class EntrypointProbe {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        System.setOut(System.err);
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\u0001", -1);
            out.println("case " + parts[0]);
            try {
                for (int round = 2; round < parts.length; round++) {
                    edit(Paths.get(parts[0], parts[1]), parts[0], parts[round]);
                }
                Map<String, String> options =
                        GlobalConfiguration.loadConfiguration(parts[0]).toMap();
                for (Map.Entry<String, String> e : new TreeMap<>(options).entrySet()) {
                    out.println("k " + escape(e.getKey()) + "\t" + escape(e.getValue()));
                }
            } catch (Throwable t) {
                while (t instanceof InvocationTargetException && t.getCause() != null) {
                    t = t.getCause();
                }
                out.println("error " + escape(String.valueOf(t)));
            }
            out.flush();
        }
    }

    private static void edit(Path file, String dir, String options)
            throws Exception {
        List<String> words = new ArrayList<>();
        words.add("--configDir");
        words.add(dir);
        for (String option : options.split("\u0002")) {
            words.add("-D" + option);
        }
        Method method =
                Class.forName("org.apache.flink.runtime.util.bash.FlinkConfigLoader")
                        .getMethod("loadAndModifyConfiguration", String[].class);
        Object lines = method.invoke(null, (Object) words.toArray(new String[0]));
        StringBuilder text = new StringBuilder();
        for (Object l : (List<?>) lines) {
            text.append(l).append('\n');
        }
        Files.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String escape(String text) {
        return text.replace("\\", "\\\\")
                .replace("\n", "\\n")
                .replace("\r", "\\r")
                .replace("\t", "\\t");
    }
}
