//! The words of `bash -c "..."`, for commands plain enough to be understood without a shell.
//!
//! Flink's native mode sends `bash -c "kubernetes-taskmanager.sh -Dkey='value' ..."`, where a single quote inside
//! a value is written `'\''` (`BootstrapTools.escapeWithSingleQuote`).

use std::collections::BTreeMap;

/// The command that a script is, or `None` where it needs a real shell: several commands, redirections,
/// substitutions of commands, braces, tildes. Variables are filled in from `environment`; patterns such as `*` stay
/// as they are, which is what bash does where no file matches.
pub fn split(script: &str, environment: &BTreeMap<String, String>) -> Option<Vec<String>> {
    let mut reader = Reader { words: Vec::new(), word: None, environment };
    let mut chars = script.trim_end().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => reader.end(),
            '\'' => {
                reader.begin();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => reader.push(c),
                    }
                }
            }
            '"' => {
                reader.begin();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\' | '$' | '`') => reader.push(c),
                            '\n' => {}
                            c => {
                                reader.push('\\');
                                reader.push(c);
                            }
                        },
                        '`' => return None,
                        '$' => {
                            let value = reader.variable(&mut chars)?;
                            value.chars().for_each(|c| reader.push(c));
                        }
                        c => reader.push(c),
                    }
                }
            }
            '\\' => match chars.next()? {
                '\n' => {}
                c => reader.push(c),
            },
            '$' => {
                let value = reader.variable(&mut chars)?;
                reader.push_split(&value);
            }
            '#' | '~' if reader.word.is_none() => return None,
            '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '`' | '{' | '}' => return None,
            c => reader.push(c),
        }
    }
    reader.end();
    // `A=b command` sets a variable.
    let plain = reader.words.first().is_none_or(|word| !word.contains('='));
    plain.then_some(reader.words)
}

struct Reader<'e> {
    words: Vec<String>,
    word: Option<String>,
    environment: &'e BTreeMap<String, String>,
}

impl Reader<'_> {
    fn begin(&mut self) {
        self.word.get_or_insert_default();
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end(&mut self) {
        self.words.extend(self.word.take());
    }

    /// What an unquoted variable holds is split at blanks.
    fn push_split(&mut self, value: &str) {
        for c in value.chars() {
            if matches!(c, ' ' | '\t' | '\n') { self.end() } else { self.push(c) }
        }
    }

    /// What a `$` and what stands behind it mean: the value of a variable, the sign itself where it stands alone,
    /// `None` for what only a shell can do.
    fn variable(&self, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
        let braced = match chars.peek() {
            Some('{') => true,
            Some(c) if c.is_ascii_alphabetic() || *c == '_' => false,
            // `$(`, `$1`, `$'`, `$"` and the like.
            Some(c) if !c.is_whitespace() => return None,
            _ => return Some("$".to_owned()),
        };
        if braced {
            chars.next();
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        if braced && chars.next() != Some('}') || name.is_empty() {
            return None;
        }
        Some(self.environment.get(&name).cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, expected: Option<&[&str]>) {
        let environment = BTreeMap::from([
            ("POD_IP".to_owned(), "10.0.0.7".to_owned()),
            ("FLAGS".to_owned(), "-a  -b".to_owned()),
        ]);
        let words = split(script, &environment);
        let words =
            words.as_ref().map(|words| words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(words.as_deref(), expected, "{script:?}");
    }

    #[test]
    fn what_flink_sends() {
        check(
            "kubernetes-jobmanager.sh kubernetes-session ",
            Some(&["kubernetes-jobmanager.sh", "kubernetes-session"]),
        );
        check(
            "kubernetes-taskmanager.sh -Dtaskmanager.resource-id='a-1-1' -Da='it'\\''s {a,b}' -D x=1b ",
            Some(&[
                "kubernetes-taskmanager.sh",
                "-Dtaskmanager.resource-id=a-1-1",
                "-Da=it's {a,b}",
                "-D",
                "x=1b",
            ]),
        );
        check("a -Dm='[{\"k\":\"v\"}]' ''", Some(&["a", "-Dm=[{\"k\":\"v\"}]", ""]));
    }

    #[test]
    fn quotes_and_variables() {
        check("a \"b $POD_IP c\" \"\\$x \\y\"", Some(&["a", "b 10.0.0.7 c", "$x \\y"]));
        check("a ${POD_IP}x $UNSET $ '$POD_IP'", Some(&["a", "10.0.0.7x", "$", "$POD_IP"]));
        check("a $FLAGS \"$FLAGS\"", Some(&["a", "-a", "-b", "-a  -b"]));
        check("a b\\ c *.jar", Some(&["a", "b c", "*.jar"]));
        check("", Some(&[]));
    }

    #[test]
    fn what_needs_a_shell() {
        for script in [
            "a; b", "a && b", "a | b", "a > f", "a $(b)", "a `b`", "a {b,c}", "~/a", "A=b c",
            "a 'b",
        ] {
            check(script, None);
        }
        for script in ["a\nb", "a # b", "a \"b", "a \\", "a ${b:-c}", "a $1", "\"`b`\"", "# a"] {
            check(script, None);
        }
    }
}
