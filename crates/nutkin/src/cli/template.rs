//! `-o jsonpath=TEMPLATE`, as kubectl takes it: text with paths in braces, `{range}` and `{end}`, and quoted text.
//!
//! Source: kubectl's page on JSONPath, <https://kubernetes.io/docs/reference/kubectl/jsonpath/>. Paths themselves are those
//! of RFC 9535, where the `$` in front may be left out.

use jsonpath_rust::JsonPath as _;
use jsonpath_rust::parser::parse_json_path;
use serde_json::Value;

/// What is printed of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// As it is.
    Text(String),
    /// All that a path leads to, with blanks between.
    Path(String),
    /// The parts for each thing that a path leads to.
    Range(String, Vec<Part>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        // A path alone needs no braces.
        if !text.contains('{') && text.starts_with(['.', '$', '[']) {
            return Ok(Self(vec![Part::Path(path(text)?)]));
        }
        let mut rest = text;
        let parts = parts(&mut rest, false)?;
        Ok(Self(parts))
    }

    /// The template with what the document has. A path that leads nowhere gives nothing.
    pub fn filled(&self, document: &Value) -> String {
        let mut text = String::new();
        fill(&self.0, document, &mut text);
        text
    }
}

/// Parts up to the end, or up to the `{end}` of a range.
fn parts(rest: &mut &str, in_range: bool) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let end = closing(after).ok_or("a `{` has no `}`")?;
        let inner = after[..end].trim();
        *rest = &after[end + 1..];
        if inner == "end" {
            return if in_range { Ok(parts) } else { Err("`{end}` ends no `{range}`".to_owned()) };
        }
        parts.push(match (inner.strip_prefix("range "), quoted(inner)) {
            (Some(of), _) => Part::Range(path(of.trim())?, self::parts(rest, true)?),
            (None, Some(text)) => Part::Text(text),
            (None, None) => Part::Path(path(inner)?),
        });
    }
    if in_range {
        return Err("a `{range ...}` has no `{end}`".to_owned());
    }
    if !rest.is_empty() {
        parts.push(Part::Text((*rest).to_owned()));
    }
    Ok(parts)
}

/// Where the brace is closed, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            _ if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '}') => return Some(at),
            _ => {}
        }
    }
    None
}

/// `"\n"`, without its quotes and escapes.
fn quoted(inner: &str) -> Option<String> {
    let of = |quote: char| inner.strip_prefix(quote)?.strip_suffix(quote);
    let text = of('"').or_else(|| of('\''))?;
    Some(text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"").replace("\\'", "'"))
}

/// A path of RFC 9535.
fn path(text: &str) -> Result<String, String> {
    let path = match text.chars().next() {
        Some('$') => text.to_owned(),
        Some('@') => format!("${}", &text[1..]),
        Some('.' | '[') if text == "." => "$".to_owned(),
        Some('.' | '[') => format!("${text}"),
        _ => return Err(format!("`{text}` is not a path: paths begin with `.`")),
    };
    match parse_json_path(&path) {
        Ok(_) => Ok(path),
        Err(_) => Err(format!("`{text}` is not a path of JSONPath (RFC 9535)")),
    }
}

fn fill(parts: &[Part], value: &Value, text: &mut String) {
    for part in parts {
        match part {
            Part::Text(words) => text.push_str(words),
            Part::Path(path) => {
                let found: Vec<String> = led_to(path, value).into_iter().map(shown).collect();
                text.push_str(&found.join(" "));
            }
            Part::Range(path, parts) => {
                for one in led_to(path, value) {
                    fill(parts, one, text);
                }
            }
        }
    }
}

fn led_to<'v>(path: &str, value: &'v Value) -> Vec<&'v Value> {
    // It was parsed before.
    value.query(path).unwrap_or_default()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// `expected`: what is printed, or part of what is wrong.
    #[track_caller]
    fn check(template: &str, expected: Result<&str, &str>) {
        let document = json!({"kind": "L", "items": [
            {"name": "a", "state": "RUNNING", "slots": 2},
            {"name": "b", "state": "ENDED", "labels": {"x/y": "z"}},
        ]});
        let found = Template::read(template).map(|template| template.filled(&document));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{template}"),
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{template}: {found}"),
            (found, _) => panic!("{template}: {found:?}"),
        }
    }

    #[test]
    fn templates() {
        check("{.items[*].name}", Ok("a b"));
        check("{$.items[0].slots}", Ok("2"));
        check("{.items[0]}", Ok(r#"{"name":"a","state":"RUNNING","slots":2}"#));
        check(".items[1].name", Ok("b"));
        check("{.items[-1:].name}", Ok("b"));
        check("{.items[?(@.state==\"RUNNING\")].name}", Ok("a"));
        check("{.items[1].labels['x/y']}", Ok("z"));
        check("{..name}", Ok("a b"));
        check("{.nothing}", Ok(""));
        check("{.kind}: {.items[0].name}\n", Ok("L: a\n"));
        check(r#"{range .items[*]}{.name}{"\t"}{.state}{"\n"}{end}"#, Ok("a\tRUNNING\nb\tENDED\n"));
        check("{range .items[*]}{@.name};{end}", Ok("a;b;"));
        check("{.items", Err("no `}`"));
        check("{range .items[*]}{.name}", Err("no `{end}`"));
        check("{end}", Err("ends no"));
        check("{items}", Err("begin with `.`"));
        check("{.items[}", Err("not a path"));
    }
}
