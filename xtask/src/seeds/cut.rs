//! Cuts the files out of a write-up: fenced blocks, and YAML that stands bare between the paragraphs.
//!
//! Each file keeps its lines: what stood above it in the document is blank, so that a finding's line is the
//! line of the document.

use nutkin_check::Input;

/// The files of a document, under names that say what they are.
pub(super) fn files(text: &str, stem: &str) -> Vec<Input> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut index = 0;
    while index < lines.len() {
        let line = lines[index];
        let fence = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence));
        if let Some(fence) = fence {
            let end = (index + 1..lines.len()).find(|at| lines[*at].starts_with(fence));
            let end = end.unwrap_or(lines.len());
            fenced(&lines, index + 1, end, line[3..].trim(), stem, &mut found);
            index = end + 1;
        } else if let Some(end) = bare(&lines, index, stem, &mut found) {
            index = end;
        } else {
            index += 1;
        }
    }
    found
}

/// A part of the document as a file.
fn file(lines: &[&str], start: usize, end: usize, name: String) -> Input {
    let mut text = "\n".repeat(start);
    for line in &lines[start..end] {
        text.push_str(line);
        text.push('\n');
    }
    Input { name, text }
}

fn fenced(
    lines: &[&str],
    start: usize,
    end: usize,
    language: &str,
    stem: &str,
    found: &mut Vec<Input>,
) {
    let first = |begins: &[&str]| {
        (start..end).find(|at| begins.iter().any(|begin| lines[*at].starts_with(begin)))
    };
    let number = start + 1;
    match language {
        "yaml" => {
            // Prompts and file names stand above the first object.
            if let Some(from) = first(&["apiVersion:", "kind:"]) {
                found.push(file(lines, from, end, format!("{stem}/{number}.yaml")));
            }
        }
        "properties" => found.push(file(lines, start, end, format!("{stem}/conf/flink-conf.yaml"))),
        "bash" | "sh" => {
            if let Some(from) = first(&["FROM "]) {
                found.push(file(lines, from, end, format!("{stem}/Dockerfile")));
            } else if first(&["#!/"]) == Some(start) {
                found.push(file(lines, start, end, format!("{stem}/docker-entrypoint.sh")));
            } else if (start..end).any(|at| lines[at].contains("flink run")) {
                found.push(file(lines, start, end, format!("{stem}/{number}.sh")));
            }
        }
        "" if (start..end).any(|at| lines[at].trim().ends_with(":8081")) => {
            found.push(file(lines, start, end, format!("{stem}/conf/masters")));
        }
        _ => {}
    }
}

/// A file that stands between paragraphs; gives the line behind it.
fn bare(lines: &[&str], index: usize, stem: &str, found: &mut Vec<Input>) -> Option<usize> {
    let is_bullet = |line: &str| line.trim_start().starts_with('\u{2022}');
    let line = lines[index];
    let number = index + 1;
    if line.starts_with("apiVersion:") || line.starts_with("kind:") {
        let in_file = |line: &str| {
            line.is_empty()
                || line.starts_with([' ', '#', '-'])
                || line.starts_with(|c: char| c.is_ascii_alphabetic()) && line.contains(':')
        };
        let end = (index..lines.len())
            .find(|at| is_bullet(lines[*at]) || !in_file(lines[*at]))
            .unwrap_or(lines.len());
        found.push(file(lines, index, end, format!("{stem}/{number}.yaml")));
        return Some(end);
    }
    if line.starts_with("FROM ") {
        let end = (index..lines.len()).find(|at| is_bullet(lines[*at])).unwrap_or(lines.len());
        found.push(file(lines, index, end, format!("{stem}/Dockerfile")));
        return Some(end);
    }
    if line.starts_with("#####") && is_bullet(lines[index.checked_sub(1)?]) {
        let in_file = |line: &str| line.is_empty() || line.is_ascii();
        let end = (index..lines.len()).find(|at| !in_file(lines[*at])).unwrap_or(lines.len());
        found.push(file(lines, index, end, format!("{stem}/conf/flink-conf.yaml")));
        return Some(end);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::files;

    #[test]
    fn lines_stay_where_they_were() {
        let text = "words\n```yaml\n$ vim a.yaml\napiVersion: v1\nkind: Service\n```\n\u{2022} more\n\
                    kind: Role\napiVersion: v1\n\u{2022} end\nFROM flink:1\n";
        let found = files(text, "x");
        let names: Vec<(&str, Option<usize>)> = found
            .iter()
            .map(|file| (file.name.as_str(), file.text.lines().position(|line| !line.is_empty())))
            .collect();
        assert_eq!(
            names,
            [("x/3.yaml", Some(3)), ("x/8.yaml", Some(7)), ("x/Dockerfile", Some(10))]
        );
    }
}
