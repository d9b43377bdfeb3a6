//! Shell texts as commands, as far as that can be told without running them.

/// The simple commands of a shell text, each as its words: quotes taken away, variables left as they stand.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut cutter = Cutter::default();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let after = letters.peek().copied();
        match letter {
            '\\' => match letters.next() {
                Some('\n') | None => {}
                Some(escaped) => cutter.push(escaped),
            },
            '\'' => {
                cutter.open();
                for quoted in letters.by_ref().take_while(|c| *c != '\'') {
                    cutter.push(quoted);
                }
            }
            '"' => {
                cutter.open();
                while let Some(quoted) = letters.next().filter(|c| *c != '"') {
                    match quoted {
                        '\\' => cutter.word.extend(letters.next().filter(|c| *c != '\n')),
                        _ => cutter.push(quoted),
                    }
                }
            }
            // What a command or an arithmetic expression gives is not known: it stays in the word.
            '$' if after == Some('(') => {
                cutter.push(letter);
                let mut depth = 0_usize;
                for inner in letters.by_ref() {
                    cutter.push(inner);
                    depth = match inner {
                        '(' => depth + 1,
                        ')' => depth - 1,
                        _ => depth,
                    };
                    if depth == 0 {
                        break;
                    }
                }
            }
            '#' if !cutter.is_open => {
                letters.by_ref().find(|c| *c == '\n');
                cutter.end_command();
            }
            // `2>&1` and `&>` are not the end of a command.
            '&' if cutter.word.ends_with('>') || after == Some('>') => cutter.push(letter),
            '\n' | ';' | '&' | '|' | '(' | ')' => cutter.end_command(),
            _ if letter.is_whitespace() => cutter.end_word(),
            _ => cutter.push(letter),
        }
    }
    cutter.end_command();
    cutter.commands
}

#[derive(Default)]
struct Cutter {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: String,
    /// Whether a word has begun: quotes may hold nothing.
    is_open: bool,
}

impl Cutter {
    const fn open(&mut self) {
        self.is_open = true;
    }

    fn push(&mut self, letter: char) {
        self.open();
        self.word.push(letter);
    }

    fn end_word(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.words.push(std::mem::take(&mut self.word));
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[track_caller]
    fn check(text: &str, expected: &[&[&str]]) {
        assert_eq!(commands(text), expected, "{text}");
    }

    #[test]
    fn texts_are_cut_as_a_shell_cuts_them() {
        check(
            "cp a b && exec run.sh -Da='x y'",
            &[&["cp", "a", "b"], &["exec", "run.sh", "-Da=x y"]],
        );
        check("a \\\n  b\nc # d; e\nf", &[&["a", "b"], &["c"], &["f"]]);
        check("x > y 2>&1 & z", &[&["x", ">", "y", "2>&1"], &["z"]]);
        check("a \"b \\\" $(c 'd') e\" ''", &[&["a", "b \" $(c 'd') e", ""]]);
        check("A=$(hostname -i; date) b", &[&["A=$(hostname -i; date)", "b"]]);
        check(
            "until nc -z jm 6123; do sleep 1; done; tm",
            &[&["until", "nc", "-z", "jm", "6123"], &["do", "sleep", "1"], &["done"], &["tm"]],
        );
        check("'", &[&[""]]);
        check("$(", &[&["$("]]);
    }
}
