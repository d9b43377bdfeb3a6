import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What counts as a word: letters and digits, with an apostrophe inside; in lower case. */
final class Words {
    private Words() {}

    static List<String> of(String line) {
        List<String> words = new ArrayList<>();
        for (String part : line.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}']+")) {
            String word = part.replaceAll("^'+|'+$", "");
            if (!word.isEmpty()) {
                words.add(word);
            }
        }
        return words;
    }
}
