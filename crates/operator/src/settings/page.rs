//! `docs/operator-options.md`, from the table.

use std::fmt::Write as _;

use super::{OPTIONS, OperatorOption, OptionHolds, OptionScope, OptionUse, PREFIX};

/// The page as it is committed. A test compares.
pub fn page() -> String {
    let count = |scope: OptionScope| OPTIONS.iter().filter(|option| option.scope == scope).count();
    let mut page = format!(
        "# Options of the operator\n\n\
         <!-- Made from crates/operator/src/settings/table.rs; `UPDATE=1 cargo test -p nutkin-operator` writes it. -->\n\n\
         What `nutkin operator run` does with each of the {} options of Flink Kubernetes Operator 1.16. Every key begins with `{PREFIX}`.\n",
        OPTIONS.len()
    );
    let parts = [
        (
            OptionScope::Resource,
            "In a resource",
            "may be in `spec.flinkConfiguration` of a `FlinkDeployment` or `FlinkSessionJob`; in the operator's configuration they have no effect yet",
        ),
        (
            OptionScope::Operator,
            "For the whole operator",
            "are read from the operator's configuration: the key `config.yaml` or `flink-conf.yaml` of ConfigMap `flink-operator-config`",
        ),
    ];
    for (scope, title, place) in parts {
        let _ = write!(
            page,
            "\n## {title}\n\nThese {} {place}.\n\n| option | type | default | what it does here |\n|---|---|---|---|\n",
            count(scope)
        );
        for option in OPTIONS.iter().filter(|option| option.scope == scope) {
            row(option, &mut page);
        }
    }
    page
}

fn row(option: &OperatorOption, page: &mut String) {
    let default = match option.default {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(default) => format!("`{default}`"),
    };
    let does = match option.does {
        OptionUse::Honoured(text) => text.to_owned(),
        OptionUse::Later(text) => format!("no effect yet: {text}"),
        OptionUse::No(reason) => format!("no effect: {reason}"),
    };
    let _ = writeln!(
        page,
        "| `{}` | {} | {default} | {does} |",
        option.key.replace('<', "\\<"),
        type_words(option.holds)
    );
}

fn type_words(holds: OptionHolds) -> String {
    match holds {
        OptionHolds::Duration => "duration".to_owned(),
        OptionHolds::Whole => "whole number".to_owned(),
        OptionHolds::Number => "number".to_owned(),
        OptionHolds::Bool => "`true` or `false`".to_owned(),
        OptionHolds::Text => "text".to_owned(),
        OptionHolds::Texts => "texts, separated by commas".to_owned(),
        OptionHolds::Map => "`key:value` pairs, separated by commas".to_owned(),
        OptionHolds::Schedule => "duration or cron expression".to_owned(),
        OptionHolds::Words(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
        }
    }
}
