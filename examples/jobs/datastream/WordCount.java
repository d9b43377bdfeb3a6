import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.serialization.SimpleStringEncoder;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.file.sink.FileSink;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.filesystem.bucketassigners.BasePathBucketAssigner;
import org.apache.flink.util.Collector;

/**
 * Counts the words of a text file, as a batch: {@code --input FILE --output DIRECTORY}. The directory
 * then holds files of lines {@code word count}.
 */
public final class WordCount {
    private WordCount() {}

    public static void main(String[] args) throws Exception {
        Arguments arguments = new Arguments(args);
        FileSource<String> text =
                FileSource.forRecordStreamFormat(
                                new TextLineInputFormat(), new Path(arguments.text("input")))
                        .build();
        FileSink<String> counts =
                FileSink.forRowFormat(
                                new Path(arguments.text("output")),
                                new SimpleStringEncoder<String>("UTF-8"))
                        .withBucketAssigner(new BasePathBucketAssigner<>())
                        .build();

        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.getExecutionEnvironment();
        environment.setRuntimeMode(RuntimeExecutionMode.BATCH);
        environment
                .fromSource(text, WatermarkStrategy.noWatermarks(), "text")
                .flatMap(new Splitter())
                .name("words")
                .keyBy(pair -> pair.f0, Types.STRING)
                .sum(1)
                .name("counts")
                .map(pair -> pair.f0 + " " + pair.f1)
                .returns(Types.STRING)
                .name("lines")
                .sinkTo(counts)
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
