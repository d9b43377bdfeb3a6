import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.ExecutionEnvironment;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.util.Collector;

/**
 * The same word count for Flink before 1.15, whose distribution has no file connector of the DataStream
 * API: {@code --input FILE --output PATH}. The path then holds lines {@code word count}.
 */
public final class WordCount {
    private WordCount() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        ExecutionEnvironment environment = ExecutionEnvironment.getExecutionEnvironment();
        environment
                .readTextFile(arguments.text("input"))
                .flatMap(new Splitter())
                .name("words")
                .groupBy(0)
                .sum(1)
                .name("counts")
                .map(pair -> pair.f0 + " " + pair.f1)
                .returns(Types.STRING)
                .name("lines")
                .writeAsText(arguments.text("output"))
                .name("output");
        environment.execute("WordCount");
    }

    /** A line into its words, each counting one. */
    public static final class Splitter implements FlatMapFunction<String, Tuple2<String, Long>> {
        private static final long serialVersionUID = 1;

        @Override
        public void flatMap(String line, Collector<Tuple2<String, Long>> out) {
            for (String word : Words.of(line)) {
                out.collect(Tuple2.of(word, 1L));
            }
        }
    }
}
