//! Findings for people.

use crate::diagnosis::Diagnosis;
use crate::rules;

/// Characters of a line, as wide as help is.
const WIDTH: usize = 100;

/// What was found, the earliest cause first.
pub fn text(session: &str, found: &[Diagnosis]) -> String {
    if found.is_empty() {
        return format!("session `{session}`: nothing is wrong that is known here\n");
    }
    let follow: usize = found.iter().map(|one| one.led_to.len()).sum();
    let causes = match found.len() {
        1 => "one cause".to_owned(),
        count => format!("{count} causes"),
    };
    let behind = match follow {
        0 => String::new(),
        1 if 1 < found.len() => ", and one thing that they led to".to_owned(),
        1 => ", and what it led to".to_owned(),
        count => format!(", and {count} things that they led to"),
    };
    let behind = if found.len() == 1 { behind.replace("they", "it") } else { behind };
    let mut text = format!("session `{session}`: {causes}{behind}\n");
    for one in found {
        text.push_str(&cause(one, session));
    }
    text
}

fn cause(one: &Diagnosis, session: &str) -> String {
    let rule = one.rule();
    let mut text = format!("\n{} {}: {}\n", rule.severity.name(), rule.code, one.what());
    let since = one.time().map(|time| format!(", since {time}")).unwrap_or_default();
    let times = if one.count == 1 { String::new() } else { format!(", seen {} times", one.count) };
    text.push_str(&format!("  of {}{since}{times}\n", one.whose()));
    for proof in &one.proofs {
        for line in &proof.lines {
            let of = format!("{}: ", proof.of);
            let of = if line.starts_with(&proof.of) { "" } else { &of };
            text.push_str(&format!("  | {of}{line}\n"));
        }
    }
    for later in &one.led_to {
        let time = later.time().map(|time| format!("{time} ")).unwrap_or_default();
        text.push_str(&wrapped(&format!("  led to: {time}"), &later.line()));
        if let Some(line) = later.proofs.first().and_then(|proof| proof.lines.last()) {
            text.push_str(&format!("  | {line}\n"));
        }
    }
    text + &wrapped("  what to do: ", &rules::cure(rule, session))
}

/// A text behind its head, in lines of the same indentation.
fn wrapped(head: &str, text: &str) -> String {
    let mut lines = vec![head.to_owned()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if WIDTH < line + word.chars().count() {
            lines.push("    ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            if !line.ends_with(' ') {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}
