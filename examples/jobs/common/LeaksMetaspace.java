import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Its task loads {@code --classes N} copies of a class and starts a thread that never ends and holds them,
 * so no run of it gives back the metaspace of its TaskManager.
 */
public final class LeaksMetaspace {
    private LeaksMetaspace() {}

    public static void main(String[] args) throws Exception {
        long classes = new Arguments(args).number("classes", 1000);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        environment
                .fromSource(
                        new NumberSequenceSource(0, 0),
                        WatermarkStrategy.noWatermarks(),
                        "one number")
                .map(number -> leak(classes))
                .returns(Types.LONG)
                .name("leaks")
                .print();
        environment.execute("LeaksMetaspace");
    }

    private static long leak(long classes) throws Exception {
        byte[] code;
        try (InputStream stream = LeaksMetaspace.class.getResourceAsStream("Arguments.class")) {
            if (stream == null) {
                throw new IOException("the jar does not hold Arguments.class");
            }
            code = stream.readAllBytes();
        }
        List<Class<?>> held = new ArrayList<>();
        for (long i = 0; i < classes; i++) {
            held.add(new Copies().define(code));
        }
        Thread thread = new Thread(() -> hold(held), "leaks-metaspace");
        thread.setDaemon(true);
        thread.start();
        return held.size();
    }

    private static void hold(List<Class<?>> held) {
        while (!held.isEmpty()) {
            try {
                Thread.sleep(Long.MAX_VALUE);
            } catch (InterruptedException e) {
                // Whoever wants to end this thread is refused: that is the leak.
            }
        }
    }

    /** A class loader for one class, so that the same class can be loaded again. */
    private static final class Copies extends ClassLoader {
        Class<?> define(byte[] code) {
            return defineClass(null, code, 0, code.length);
        }
    }
}
