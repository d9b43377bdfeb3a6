import java.io.File;
import java.io.PrintStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.FallbackKey;
import org.apache.flink.util.TimeUtils;

/**
 * Lists the options of a Flink distribution: every public static ConfigOption of the jars given as arguments. One
 * line each: class, field, key, type, default, old spellings (fallback keys marked with ~), and whether Flink calls
 * the option itself deprecated; separated by tabs.
 */
public final class OptionsProbe {
    public static void main(String[] jars) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        System.setOut(System.err);
        TreeSet<String> lines = new TreeSet<>();
        for (String jar : jars) {
            try (JarFile file = new JarFile(new File(jar))) {
                for (JarEntry entry : Collections.list(file.entries())) {
                    String name = entry.getName();
                    if (name.startsWith("org/apache/flink/")
                            && name.endsWith(".class")
                            && !name.contains("/shaded/")) {
                        add(name.substring(0, name.length() - 6).replace('/', '.'), lines);
                    }
                }
            }
        }
        for (String line : lines) {
            out.println(line);
        }
        out.flush();
    }

    private static void add(String className, TreeSet<String> lines) {
        Field[] fields;
        try {
            ClassLoader loader = OptionsProbe.class.getClassLoader();
            fields = Class.forName(className, false, loader).getDeclaredFields();
        } catch (Throwable t) {
            // A class whose superclass is not in the distribution.
            return;
        }
        for (Field field : fields) {
            try {
                if (Modifier.isStatic(field.getModifiers())
                        && Modifier.isPublic(field.getModifiers())
                        && ConfigOption.class.isAssignableFrom(field.getType())) {
                    lines.add(line(className, field));
                }
            } catch (Throwable t) {
                System.err.println("passed over " + className + "." + field.getName() + ": " + t);
            }
        }
    }

    private static String line(String className, Field field) throws Exception {
        ConfigOption<?> option = (ConfigOption<?>) field.get(null);
        boolean list = (Boolean) hidden(option, "isList");
        Class<?> type = (Class<?>) hidden(option, "clazz");
        String typeName = type.getSimpleName();
        if (type.isEnum()) {
            List<String> names = new ArrayList<>();
            for (Object constant : type.getEnumConstants()) {
                // What Flink compares a value with, in any case.
                names.add(constant.toString());
            }
            typeName = "enum:" + String.join("|", names);
        }
        List<String> old = new ArrayList<>();
        for (FallbackKey key : option.fallbackKeys()) {
            old.add((key.isDeprecated() ? "" : "~") + key.getKey());
        }
        return String.join(
                "\t",
                className,
                field.getName(),
                prefix(field) + option.key(),
                list ? "List<" + typeName + ">" : typeName,
                option.hasDefaultValue() ? text(option.defaultValue()) : "null",
                String.join(",", old),
                String.valueOf(field.isAnnotationPresent(Deprecated.class)));
    }

    /** Options that stand behind a prefix say so with an annotation. */
    private static String prefix(Field field) {
        for (Annotation annotation : field.getAnnotations()) {
            if (annotation.annotationType().getSimpleName().equals("SuffixOption")) {
                try {
                    Object value = annotation.annotationType().getMethod("value").invoke(annotation);
                    return value.toString() + ".";
                } catch (ReflectiveOperationException e) {
                    return "?";
                }
            }
        }
        return "";
    }

    private static Object hidden(ConfigOption<?> option, String name) throws Exception {
        Field field = ConfigOption.class.getDeclaredField(name);
        field.setAccessible(true);
        return field.get(option);
    }

    private static String text(Object value) {
        String text;
        if (value instanceof Duration) {
            text = TimeUtils.formatWithHighestUnit((Duration) value);
        } else if (value instanceof List) {
            List<String> items = new ArrayList<>();
            for (Object item : (List<?>) value) {
                items.add(text(item));
            }
            text = String.join(";", items);
        } else if (value instanceof Map) {
            List<String> items = new ArrayList<>();
            for (Map.Entry<?, ?> e : new TreeMap<>((Map<?, ?>) value).entrySet()) {
                items.add(e.getKey() + ":" + e.getValue());
            }
            text = String.join(",", items);
        } else {
            text = String.valueOf(value);
        }
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r");
    }
}
