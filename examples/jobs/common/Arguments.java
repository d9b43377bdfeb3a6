import java.util.Map;
import java.util.TreeMap;

/** Arguments of a job: {@code --name value} pairs. Flink's own class for this moved between 1.x and 2.x. */
final class Arguments {
    private final Map<String, String> values = new TreeMap<>();

    Arguments(String[] arguments) {
        for (int i = 0; i < arguments.length; i += 2) {
            if (!arguments[i].startsWith("--") || i + 1 == arguments.length) {
                throw new IllegalArgumentException(
                        "expected `--name value`, found `" + arguments[i] + "`");
            }
            values.put(arguments[i].substring(2), arguments[i + 1]);
        }
    }

    String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("`--" + name + "` is missing");
        }
        return value;
    }

    String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    long number(String name, long otherwise) {
        String value = values.get(name);
        try {
            return value == null ? otherwise : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("`--" + name + "` is not a number: `" + value + "`");
        }
    }
}
