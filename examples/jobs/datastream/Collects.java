import java.util.List;

import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Brings results to main(), of two jobs one after the other: {@code --total N} numbers are counted, and
 * the count is doubled. Only a client that waits can run it, not a JobManager that is given a jar.
 */
public final class Collects {
    private Collects() {}

    public static void main(String[] args) throws Exception {
        int total = (int) new Arguments(args).number("total", 10);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        List<Long> numbers =
                environment.fromSequence(1, total).executeAndCollect("first", total + 1);
        long count = numbers.size();
        List<Long> doubled =
                environment
                        .fromSequence(count, count)
                        .map(number -> 2 * number)
                        .executeAndCollect("second", 1);
        System.out.println("counted " + count + ", doubled " + doubled.get(0));
    }
}
