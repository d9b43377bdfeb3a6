import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ConfigurationUtils;
import org.apache.flink.configuration.GlobalConfiguration;
import org.apache.flink.configuration.MemorySize;

/**
 * Says what Flink itself makes of configuration directories. Reads one directory per line from standard
 * input and prints, for each: `case DIR`; then `error TEXT`, or a line `k KEY TAB VALUE` for every entry, a
 * line `v KEY TAB PARTS` or `x KEY TAB TEXT` for every key that begins with the name of a type, and a line
 * `w TEXT` for every line that Flink would write back; then `end`.
 */
public final class ConfigProbe {
    private enum Colour { RED, LIGHT_GREEN }

    public static void main(String[] args) throws Exception {
        // Flink's logger may write to standard output: keep it out of the protocol.
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        System.setOut(System.err);
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String dir = in.readLine(); dir != null; dir = in.readLine()) {
            out.println("case " + dir);
            try {
                report(GlobalConfiguration.loadConfiguration(dir), out);
            } catch (Throwable t) {
                out.println("error " + escape(root(t)));
            }
            out.println("end");
            out.flush();
        }
    }

    private static void report(Configuration configuration, PrintStream out) {
        for (Map.Entry<String, String> e : new TreeMap<>(configuration.toMap()).entrySet()) {
            out.println("k " + escape(e.getKey()) + "\t" + escape(e.getValue()));
        }
        for (String key : new TreeMap<>(configuration.toMap()).keySet()) {
            int dot = key.indexOf('.');
            if (dot < 0) {
                continue;
            }
            try {
                String parts = typed(configuration, key.substring(0, dot), ConfigOptions.key(key));
                if (parts != null) {
                    out.println("v " + escape(key) + "\t" + parts);
                }
            } catch (Throwable t) {
                out.println("x " + escape(key) + "\t" + escape(root(t)));
            }
        }
        try {
            Method write =
                    ConfigurationUtils.class.getMethod(
                            "convertConfigToWritableLines", Configuration.class, boolean.class);
            for (Object line : (List<?>) write.invoke(null, configuration, false)) {
                out.println("w " + escape((String) line));
            }
        } catch (NoSuchMethodException e) {
            // Before 1.19 nothing but the Kubernetes client wrote configurations.
        } catch (Throwable t) {
            out.println("x \t" + escape(root(t)));
        }
    }

    private static String typed(Configuration c, String type, ConfigOptions.OptionBuilder key) {
        switch (type) {
            case "list":
                return join(get(c, key.stringType().asList().noDefaultValue()));
            case "map":
                return join(get(c, key.mapType().noDefaultValue()));
            case "maps":
                StringBuilder all = new StringBuilder();
                for (Map<String, String> map : get(c, key.mapType().asList().noDefaultValue())) {
                    all.append(all.length() == 0 ? "" : "\t\t").append(join(map));
                }
                return all.toString();
            case "duration":
                Duration d = get(c, key.durationType().noDefaultValue());
                return d.getSeconds() + "." + String.format("%09d", d.getNano());
            case "bool":
                return String.valueOf(get(c, key.booleanType().noDefaultValue()));
            case "int":
                return String.valueOf(get(c, key.intType().noDefaultValue()));
            case "long":
                return String.valueOf(get(c, key.longType().noDefaultValue()));
            case "double":
                return String.valueOf(get(c, key.doubleType().noDefaultValue()));
            case "float":
                return String.valueOf(get(c, key.floatType().noDefaultValue()));
            case "memory":
                MemorySize m = get(c, key.memoryType().noDefaultValue());
                return String.valueOf(m.getBytes());
            case "enum":
                return get(c, key.enumType(Colour.class).noDefaultValue()).name();
            case "string":
                return escape(get(c, key.stringType().noDefaultValue()));
            default:
                return null;
        }
    }

    private static <T> T get(Configuration c, ConfigOption<T> option) {
        return c.getOptional(option).get();
    }

    private static String join(List<?> items) {
        StringBuilder all = new StringBuilder();
        for (Object item : items) {
            all.append(all.length() == 0 ? "" : "\t").append('=').append(escape(String.valueOf(item)));
        }
        return all.toString();
    }

    private static String join(Map<?, ?> map) {
        TreeMap<String, String> sorted = new TreeMap<>();
        for (Map.Entry<?, ?> e : map.entrySet()) {
            sorted.put(String.valueOf(e.getKey()), String.valueOf(e.getValue()));
        }
        StringBuilder all = new StringBuilder();
        for (Map.Entry<String, String> e : sorted.entrySet()) {
            all.append(all.length() == 0 ? "" : "\t");
            all.append(escape(e.getKey())).append('=').append(escape(e.getValue()));
        }
        return all.toString();
    }

    private static String root(Throwable t) {
        while (t.getCause() != null && t.getCause() != t) {
            t = t.getCause();
        }
        return t.getClass().getName() + ": " + t.getMessage();
    }

    private static String escape(String text) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                escaped.append("\\\\");
            } else if (c == '\n') {
                escaped.append("\\n");
            } else if (c == '\t') {
                escaped.append("\\t");
            } else if (c == '\r') {
                escaped.append("\\r");
            } else if (c == '=') {
                escaped.append("\\e");
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
