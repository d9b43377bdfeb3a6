//! The list of all commands in `nutkin --help`, in groups.

use std::fmt::Write as _;

use clap::Command;

/// The groups, each with its commands in the order of their use.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Sessions",
        &[
            "up", "plan", "edit", "status", "ls", "logs", "open", "why", "doctor", "capture",
            "scale", "restart", "move", "abort", "watch", "down",
        ],
    ),
    (
        "Jobs",
        &["run", "jobs", "job", "stop", "cancel", "savepoint", "checkpoint", "adopt-job", "jars"],
    ),
    ("Files", &["init", "check", "convert", "explain", "render", "rbac"]),
    ("Images, Flink and Java", &["dist", "image", "entrypoint"]),
    ("Operator", &["operator"]),
    ("Drop-ins", &["flink", "kubernetes-session"]),
    ("Nutkin", &["gc", "cache", "self", "completions"]),
];

/// The title of what is in no group.
const OTHERS: &str = "More";

/// The command line whose help lists commands in groups.
pub(super) fn grouped(command: Command) -> Command {
    let list = list(&command);
    command.help_template(format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{list}Options:\n{{options}}\n\n\
         `nutkin COMMAND --help` describes a command, with examples.\n"
    ))
}

fn list(command: &Command) -> String {
    let visible: Vec<&Command> =
        command.get_subcommands().filter(|one| !one.is_hide_set()).collect();
    let width = visible.iter().map(|one| one.get_name().len()).max().unwrap_or(0);
    let line = |one: &Command| {
        let (name, about) = (one.get_name(), one.get_about().map(ToString::to_string));
        let alias = one.get_visible_aliases().next().map(|alias| format!(" [also `{alias}`]"));
        format!("  {name:<width$}  {}{}\n", about.unwrap_or_default(), alias.unwrap_or_default())
    };
    let mut text = String::new();
    for (title, names) in GROUPS {
        let found =
            names.iter().filter_map(|name| visible.iter().find(|one| one.get_name() == *name));
        let _ = writeln!(text, "{title}:\n{}", found.map(|one| line(one)).collect::<String>());
    }
    let is_in_none =
        |one: &&&Command| !GROUPS.iter().any(|(_, names)| names.contains(&one.get_name()));
    let others: String = visible.iter().filter(is_in_none).map(|one| line(one)).collect();
    if !others.is_empty() {
        let _ = writeln!(text, "{OTHERS}:\n{others}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn each_command_is_in_one_group() {
        let command = crate::cli::Cli::command();
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let mut known: Vec<&str> = command
            .get_subcommands()
            .filter(|one| !one.is_hide_set())
            .map(Command::get_name)
            .collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
    }

    #[test]
    fn the_help_says_what_each_is_for() {
        let help = grouped(crate::cli::Cli::command()).render_help().to_string();
        assert!(help.contains("Sessions:\n  up "), "{help}");
        assert!(help.contains("Show what `up` would change [also `diff`]"), "{help}");
        assert!(help.contains("Options:\n  -q, --quiet"), "{help}");
        assert!(!help.contains(OTHERS), "{help}");
    }
}
