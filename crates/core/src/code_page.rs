//! The page of a code: what `docs/checks/` has, and what is explained at a terminal.

use crate::codes::{Rule, THEMES};

/// All pages of some codes: file name and text. The first, with the name `list`, is their list by themes below `introduction`.
pub fn pages(
    list: &str,
    introduction: &str,
    rules: impl Iterator<Item = &'static Rule> + Clone,
) -> Vec<(String, String)> {
    let mut text = introduction.to_owned();
    for (prefix, theme) in THEMES {
        let mut of_theme = rules.clone().filter(|rule| rule.code.starts_with(prefix)).peekable();
        if of_theme.peek().is_none() {
            continue;
        }
        text.push_str(&format!("\n## {theme}\n\n| code | severity | what |\n|---|---|---|\n"));
        for rule in of_theme {
            let (code, severity) = (rule.code, rule.severity.name());
            text.push_str(&format!("| [{code}]({code}.md) | {severity} | {} |\n", rule.title));
        }
    }
    let mut pages = vec![(list.to_owned(), text)];
    pages.extend(rules.map(|rule| (format!("{}.md", rule.code), page(rule))));
    pages
}

/// The words that both the page and `nutkin explain` are made of.
pub fn page(rule: &Rule) -> String {
    let mut text = format!(
        "# {}: {}\n\nSeverity: {}\n\n## What happens\n\n{}\n\n## What to do\n\n{}\n",
        rule.code,
        rule.title,
        rule.severity.name(),
        rule.happens,
        rule.cure
    );
    let bad = rule.bad();
    for (title, files) in [("Bad", &bad), ("Good", &rule.good())] {
        text.push_str(&format!("\n## {title}\n"));
        for (name, content) in files {
            let before = bad.iter().find(|(other, _)| title == "Good" && other == name);
            if let Some((_, before)) = before {
                if before != content {
                    let change = change(before, content);
                    text.push_str(&format!("\n`{name}`, the change:\n\n```diff\n{change}```\n"));
                }
                continue;
            }
            let language = match name.rsplit('.').next() {
                Some("yaml") => "yaml",
                Some("properties") => "properties",
                Some("json") => "json",
                Some("sh") => "sh",
                Some("xml") => "xml",
                _ if name.ends_with("Dockerfile") => "dockerfile",
                _ => "text",
            };
            text.push_str(&format!("\n`{name}`:\n\n```{language}\n{}\n```\n", content.trim_end()));
        }
    }
    text
}

/// What changes from one text to another, with a line around each change.
fn change(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    // The length of the longest common part from each pair of lines on.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines: Vec<(char, &str)> = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && common[i][j + 1] <= common[i + 1][j] {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    let mut text = String::new();
    let mut gap = false;
    for (index, (sign, line)) in lines.iter().enumerate() {
        let near = lines[index.saturating_sub(1)..(index + 2).min(lines.len())]
            .iter()
            .any(|(sign, _)| *sign != ' ');
        if near {
            if gap && !text.is_empty() {
                text.push_str(" ...\n");
            }
            text.push_str(format!("{sign}{line}").trim_end());
            text.push('\n');
        }
        gap = !near;
    }
    text
}
