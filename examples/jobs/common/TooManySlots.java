import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Wants {@code --slots N} slots, more than a small session has, and all at once: every part of it sends
 * to every other. Parts that do not would run one after the other in the slots that there are.
 */
public final class TooManySlots {
    private TooManySlots() {}

    public static void main(String[] args) throws Exception {
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        environment.setParallelism((int) new Arguments(args).number("slots", 1000));
        environment
                .fromSource(
                        new NumberSequenceSource(0, 1_000_000),
                        WatermarkStrategy.noWatermarks(),
                        "numbers")
                .rebalance()
                .filter(number -> false)
                .print();
        environment.execute("TooManySlots");
    }
}
