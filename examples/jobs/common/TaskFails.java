import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * One task fails at number {@code --at N}. There are no checkpoints, so by Flink's default nothing is
 * restarted and the job is FAILED.
 */
public final class TaskFails {
    private TaskFails() {}

    public static void main(String[] args) throws Exception {
        long at = new Arguments(args).number("at", 100);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        environment
                .fromSource(
                        new NumberSequenceSource(0, Long.MAX_VALUE - 1),
                        WatermarkStrategy.noWatermarks(),
                        "numbers")
                .map(number -> {
                    if (number == at) {
                        throw new IllegalStateException("failed as asked, at " + number);
                    }
                    return number;
                })
                .returns(Types.LONG)
                .name("fails")
                .filter(number -> false)
                .print();
        environment.execute("TaskFails");
    }
}
