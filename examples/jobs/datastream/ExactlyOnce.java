import java.nio.file.Files;
import java.nio.file.Paths;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.SimpleStringEncoder;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.connector.datagen.source.GeneratorFunction;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.core.fs.Path;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.BasePathBucketAssigner;
import org.apache.flink.streaming.api.functions.sink.filesystem.rollingpolicies.OnCheckpointRollingPolicy;
import org.apache.flink.util.Collector;

/**
 * A job whose committed output proves exactly-once. It emits the numbers 0 to {@code total - 1}, counts
 * them per key (the number modulo {@code keys}) in state, and writes {@code number key count}, committed
 * by checkpoints. Nothing was lost or done twice when each number stands there once, and for each key
 * each count from 1 on stands there once: the first is about source and sink, the second about state.
 *
 * <p>Arguments: {@code --output DIRECTORY [--total N] [--rate N_PER_SECOND] [--interval MILLISECONDS]
 * [--keys N] [--attempts DIRECTORY]}. In the directory of attempts, which must be there, each counting task
 * leaves a file when it starts: one for each of its slots, and as many again for each failover.
 */
public final class ExactlyOnce {
    private ExactlyOnce() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        long keys = arguments.number("keys", 10);
        GeneratorFunction<Long, Long> identity = number -> number;
        DataGeneratorSource<Long> numbers =
                new DataGeneratorSource<>(
                        identity,
                        arguments.number("total", 10_000),
                        RateLimiterStrategy.perSecond(arguments.number("rate", 500)),
                        Types.LONG);
        FileSink<String> output =
                FileSink.forRowFormat(
                                new Path(arguments.text("output")),
                                new SimpleStringEncoder<String>("UTF-8"))
                        .withBucketAssigner(new BasePathBucketAssigner<>())
                        .withRollingPolicy(OnCheckpointRollingPolicy.build())
                        .build();

        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        environment.enableCheckpointing(arguments.number("interval", 500));
        environment
                .fromSource(numbers, WatermarkStrategy.noWatermarks(), "numbers")
                .uid("numbers")
                .keyBy(number -> number % keys, Types.LONG)
                .process(new Count(arguments.text("attempts", "")))
                .name("count")
                .uid("count")
                .sinkTo(output)
                .name("output")
                .uid("output");
        environment.execute("ExactlyOnce");
    }

    /** Gives each number its place among the numbers of its key. */
    public static final class Count extends KeyedProcessFunction<Long, Long, String>
            implements CheckpointedFunction {
        private static final long serialVersionUID = 1;

        private final String attempts;
        private transient ValueState<Long> seen;

        Count(String attempts) {
            this.attempts = attempts;
        }

        @Override
        public void initializeState(FunctionInitializationContext context) throws Exception {
            if (!attempts.isEmpty()) {
                Files.createTempFile(Paths.get(attempts), "attempt", "");
            }
        }

        @Override
        public void snapshotState(FunctionSnapshotContext context) {}

        @Override
        public void processElement(Long number, Context context, Collector<String> out)
                throws Exception {
            // Not in `open`, whose parameter is another one before 1.19.
            if (seen == null) {
                seen = getRuntimeContext()
                        .getState(new ValueStateDescriptor<>("seen", Types.LONG));
            }
            Long before = seen.value();
            long count = before == null ? 1 : before + 1;
            seen.update(count);
            out.collect(number + " " + context.getCurrentKey() + " " + count);
        }
    }
}
