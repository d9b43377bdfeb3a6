//! Manual pages and completions, as the binary itself tells them.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Item;
use crate::root::output;

/// Shells, and what their file is called.
const SHELLS: [(&str, &str); 3] =
    [("bash", "nutkin.bash"), ("zsh", "_nutkin"), ("fish", "nutkin.fish")];

/// The completions of all shells.
pub(super) fn completions(binary: &Path) -> Result<Vec<Item>> {
    let script = |(shell, name): (&str, &str)| -> Result<Item> {
        Ok(Item::text(name, output(Command::new(binary).args(["completions", shell]))?))
    };
    SHELLS.into_iter().map(script).collect()
}

/// A page for Nutkin and one for each of its commands, with the text of `--help`.
pub(super) fn manual(binary: &Path) -> Result<Vec<Item>> {
    let help = output(Command::new(binary).arg("--help"))?;
    let mut pages = vec![page("nutkin", &help)];
    for command in commands(&help) {
        let help = output(Command::new(binary).args([command, "--help"]))?;
        pages.push(page(&format!("nutkin-{command}"), &help));
    }
    Ok(pages)
}

/// Names of commands: lines that are indented by two, below the first title.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let lines = help.lines().take_while(|line| !line.starts_with("Options:"));
    lines.filter_map(|line| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty()).then_some(name)
    })
}

/// A page of section 1, man(7).
fn page(name: &str, help: &str) -> Item {
    let about = help.lines().next().unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    // A line that begins with a dot or a quote would be an order, a backslash begins an escape.
    let line = |line: &str| {
        let line = line.replace('\\', "\\e");
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        format!("{guard}{line}\n")
    };
    let body: String = help.lines().skip(1).map(line).collect();
    let text = format!(
        ".TH {} 1 \"\" \"nutkin {version}\"\n.SH NAME\n{name} \\- {about}\n.SH DESCRIPTION\n.nf\n{}\n.fi\n",
        name.to_uppercase(),
        body.trim_matches('\n')
    );
    Item::text(format!("{name}.1"), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_the_help() {
        let help =
            "About.\n\nUsage: nutkin\n\nSessions:\n  up    Start\n  down  Stop\n\nOptions:\n  -q\n";
        assert_eq!(commands(help).collect::<Vec<_>>(), ["up", "down"]);
    }

    #[test]
    fn a_page_orders_nothing() {
        let page = page("nutkin-up", "Start\n\n.dot\na\\b\n");
        let text = String::from_utf8(page.content).unwrap();
        assert!(text.ends_with(".nf\n\\&.dot\na\\eb\n.fi\n"), "{text}");
    }
}
