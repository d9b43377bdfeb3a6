import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.connector.source.lib.NumberSequenceSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Sends {@code --total N} objects of a class of the JDK from task to task. Kryo reads their private fields, which
 * Java has refused since 16 unless {@code --add-opens} names the package: without it the tasks fail.
 */
public final class NeedsModules {
    private NeedsModules() {}

    public static void main(String[] args) throws Exception {
        long total = new Arguments(args).number("total", 10);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        environment
                .fromSource(
                        new NumberSequenceSource(1, total),
                        WatermarkStrategy.noWatermarks(),
                        "numbers")
                .map(AtomicLong::new)
                .returns(TypeInformation.of(AtomicLong.class))
                .rebalance()
                .map(AtomicLong::get)
                .returns(Types.LONG)
                .print();
        environment.execute("NeedsModules");
    }
}
