import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Asks the calculator of Flink's start scripts (`BashJavaUtils`) about many configurations in one JVM. Its
 * arguments are the jars that hold the calculator, in order of the class path. Reads one case per line from standard input: fields with the character U+001F between, namely the command, `FLINK_JM_HEAP`
 * and `FLINK_TM_HEAP` (`-` when not set, else `=` and the value), and the calculator's arguments. Prints one
 * line per case: `ok`, the JVM arguments and the dynamic options, or `error` and the innermost message.
 *
 * <p>Wants {@code --add-opens java.base/java.util=ALL-UNNAMED}: the environment of a JVM cannot be changed else.
 */
public final class MemoryProbe {
    private static final String RESULT = "BASH_JAVA_UTILS_EXEC_RESULT:";
    private static final String[] VARIABLES = {"FLINK_JM_HEAP", "FLINK_TM_HEAP"};

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        URL[] jars = new URL[arguments.length];
        for (int i = 0; i < jars.length; i++) {
            jars[i] = Paths.get(arguments[i]).toUri().toURL();
        }
        ClassLoader loader = new URLClassLoader(jars, ClassLoader.getPlatformClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        Method calculator =
                loader.loadClass("org.apache.flink.runtime.util.bash.BashJavaUtils")
                        .getMethod("main", String[].class);
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            List<String> fields = new ArrayList<>(Arrays.asList(line.split("\u001f", -1)));
            for (int i = 0; i < VARIABLES.length; i++) {
                String value = fields.remove(1);
                if (value.startsWith("=")) {
                    environment().put(VARIABLES[i], value.substring(1));
                } else {
                    environment().remove(VARIABLES[i]);
                }
            }
            out.println(ask(calculator, fields.toArray(new String[0])));
            out.flush();
        }
    }

    private static String ask(Method calculator, String[] arguments) throws Exception {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, "UTF-8"));
        try {
            calculator.invoke(null, (Object) arguments);
        } catch (InvocationTargetException e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return "error\t" + String.valueOf(cause).replaceAll("\\s+", " ");
        }
        StringBuilder answer = new StringBuilder("ok");
        for (String line : said.toString("UTF-8").split("\n")) {
            if (line.startsWith(RESULT)) {
                answer.append('\t').append(line.substring(RESULT.length()));
            }
        }
        return answer.toString();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, String> environment() throws Exception {
        Map<String, String> view = System.getenv();
        Field field = view.getClass().getDeclaredField("m");
        field.setAccessible(true);
        return (Map<String, String>) field.get(view);
    }
}
