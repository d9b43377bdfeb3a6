//! Variables of Compose files: `${NAME:-default}` and its relatives, and the files that give values.
//!
//! Source: Compose Specification, "Interpolation", and Docker's "Syntax for environment files".

use std::collections::BTreeMap;

/// Values by name.
pub(super) type Variables = BTreeMap<String, String>;

/// Deepest nesting of defaults that is filled in: nobody writes more than two, and it is safe for the stack.
const DEEPEST: usize = 16;

/// Fills the variables in. What no file gives a value stays as it is, and its name is added to `open`: a shell may
/// have one.
pub(crate) fn fill(text: &str, variables: &Variables, open: &mut Vec<String>) -> String {
    filled(text, variables, open, 0)
}

fn filled(text: &str, variables: &Variables, open: &mut Vec<String>, depth: usize) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        made.push_str(before);
        if let Some(behind) = after.strip_prefix('$') {
            made.push('$');
            rest = behind;
            continue;
        }
        let (whole, name, behind) = if let Some(inner) = after.strip_prefix('{') {
            let Some(end) = closing(inner) else {
                made.push('$');
                rest = after;
                continue;
            };
            (&after[..end + 2], &inner[..end], &inner[end + 1..])
        } else {
            let (name, behind) = after.split_at(word(after));
            (name, name, behind)
        };
        let (name, operation) = name.split_at(word(name));
        if name.is_empty() {
            made.push('$');
            rest = after;
            continue;
        }
        if let Some(value) = value(name, operation, variables, open, depth) {
            made.push_str(&value);
        } else {
            made.push('$');
            made.push_str(whole);
            if open.iter().all(|known| known != name) {
                open.push(name.to_owned());
            }
        }
        rest = behind;
    }
    made.push_str(rest);
    made
}

/// The value of a variable under an operation, or `None` where nothing is known.
fn value(
    name: &str,
    operation: &str,
    variables: &Variables,
    open: &mut Vec<String>,
    depth: usize,
) -> Option<String> {
    let set = variables.get(name);
    let (skips_empty, operation) = match operation.strip_prefix(':') {
        Some(operation) => (true, operation),
        None => (false, operation),
    };
    let counts = set.filter(|value| !skips_empty || !value.is_empty());
    let mut other =
        |word: &str| (depth < DEEPEST).then(|| filled(word, variables, open, depth + 1));
    match operation.chars().next() {
        Some('-') => counts.cloned().or_else(|| other(&operation[1..])),
        Some('+') => match counts {
            Some(_) => other(&operation[1..]),
            None => Some(String::new()),
        },
        // `?`: without a value Compose stops with a message.
        Some('?') => counts.cloned(),
        _ => set.cloned(),
    }
}

/// How many bytes at the beginning are the name of a variable.
fn word(text: &str) -> usize {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !text.starts_with(is_first) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The place of the brace that closes, with those of defaults between.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if previous == '$' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
        previous = c;
    }
    None
}

/// Reads an environment file: name, value and line. A name without `=` has no value of its own.
///
/// Source: `dotenv/parser.go` of compose-go, which also takes `NAME: value`, and quoted values of several lines.
pub(super) fn file(text: &str, known: &Variables) -> Vec<(String, Option<String>, u32)> {
    let mut found: Vec<(String, Option<String>, u32)> = Vec::new();
    let mut variables = known.clone();
    let mut rest = text;
    // The line of an offset.
    let (mut line, mut counted) = (1_u32, 0);
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return found;
        }
        let at = text.len() - rest.len();
        let more = text[counted..at].matches('\n').count();
        line = line.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        counted = at;
        let (whole, below) = rest.split_once('\n').unwrap_or((rest, ""));
        if whole.starts_with('#') {
            rest = below;
            continue;
        }
        let begin = whole.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
        let begin = begin.map_or(whole, str::trim_start);
        let Some((name, value)) = begin.split_once(['=', ':']) else {
            found.push((begin.trim_end().to_owned(), None, line));
            rest = below;
            continue;
        };
        let (name, value) = (name.trim_end(), value.trim_start_matches([' ', '\t']));
        let start = whole.len() - value.len();
        let (value, after) = match quoted(&rest[start..], &variables) {
            Some((value, length)) => (value, &rest[start + length..]),
            None => (plain(value, &variables), below),
        };
        rest = after;
        variables.insert(name.to_owned(), value.clone());
        found.push((name.to_owned(), Some(value), line));
    }
}

/// The lines of a file with `format: raw`: values as they stand.
pub(super) fn raw(text: &str) -> Vec<(String, Option<String>, u32)> {
    let lines = text.lines().zip(1..).filter(|(line, _)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let pair = |(line, number): (&str, u32)| match line.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), Some(value.to_owned()), number),
        None => (line.trim().to_owned(), None, number),
    };
    lines.map(pair).collect()
}

/// A value without quotes: what follows ` #` is a comment.
fn plain(value: &str, variables: &Variables) -> String {
    let value = if value.starts_with('#') { "" } else { value };
    let plain = value.split(" #").next().unwrap_or(value).trim_end();
    fill(plain, variables, &mut Vec::new())
}

/// A value in quotes, and how many bytes it takes with them: single ones keep all as it is, others let variables in.
/// `None`: the text does not begin with a quote, or the closing one is missing.
fn quoted(text: &str, variables: &Variables) -> Option<(String, usize)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut inner = String::new();
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            c if c == quote && !is_escaped => {
                if quote == '\'' {
                    return Some((inner, at + 1));
                }
                let escaped = [("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t")];
                let inner = escaped.iter().fold(inner, |text, (from, to)| text.replace(from, to));
                return Some((fill(&inner, variables, &mut Vec::new()), at + 1));
            }
            c if c == quote => {
                is_escaped = false;
                inner.push(c);
            }
            '\\' if !is_escaped => is_escaped = true,
            c => {
                if std::mem::take(&mut is_escaped) {
                    inner.push('\\');
                }
                inner.push(c);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Variables, file, fill, raw};

    fn variables() -> Variables {
        [("SET", "one"), ("EMPTY", "")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    #[track_caller]
    fn check(text: &str, expected: &str, names: &[&str]) {
        let mut open = Vec::new();
        assert_eq!(fill(text, &variables(), &mut open), expected, "{text}");
        assert_eq!(open, names, "{text}");
    }

    #[test]
    fn variables_are_filled_in_as_compose_does() {
        check("a-$SET-${SET}", "a-one-one", &[]);
        check("flink:${TAG:-1.20.5}", "flink:1.20.5", &[]);
        check("${EMPTY:-x}${EMPTY-y}", "x", &[]);
        check("${NONE-y}${NONE:+z}${SET:+z}", "yz", &[]);
        check("${NONE:-${SET}s}", "ones", &[]);
        check("${NONE:-${OTHER}}", "${OTHER}", &["OTHER"]);
        check("$$HOME $1 $", "$HOME $1 $", &[]);
        check("${NONE} ${NONE:?say it} $MORE", "${NONE} ${NONE:?say it} $MORE", &["NONE", "MORE"]);
        check("${SET", "${SET", &[]);
        check("${}", "${}", &[]);
    }

    #[test]
    fn files_of_variables() {
        let text = "# all\nA=1 # one\nexport B = \"two ${A}\"\nC='$A'\n\nD\nE=x#y\nF: yaml\nG=\"a: 1\n  b: \\\"2\\\"\" # two\nH=open'\n";
        let found = file(text, &Variables::new());
        let found: Vec<(&str, Option<&str>, u32)> =
            found.iter().map(|(n, v, l)| (n.as_str(), v.as_deref(), *l)).collect();
        let expected = [
            ("A", Some("1"), 2),
            ("B", Some("two 1"), 3),
            ("C", Some("$A"), 4),
            ("D", None, 6),
            ("E", Some("x#y"), 7),
            ("F", Some("yaml"), 8),
            ("G", Some("a: 1\n  b: \"2\""), 9),
            ("H", Some("open'"), 11),
        ];
        assert_eq!(found, expected);
        assert_eq!(raw("A=\"$B\" # c\n").remove(0).1.as_deref(), Some("\"$B\" # c"));
    }
}
