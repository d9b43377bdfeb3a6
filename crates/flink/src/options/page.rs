//! `docs/options.md`: Nutkin's own options and the ones of Flink that have words of ours.

use std::fmt::Write as _;

use super::words::WORDS;
use super::{OWN, OptionInfo, find};

/// The page as it is committed. A test compares.
pub fn page() -> String {
    let mut page = String::from(
        "# Options\n\n<!-- Made by `cargo xtask options`; do not edit. -->\n\n\
         `nutkin explain KEY` tells the same for every option of Flink, and `nutkin explain PREFIX` lists.\n\n\
         ## Nutkin's own\n\n\
         | option | type | default | platforms | what it is for |\n|---|---|---|---|---|\n",
    );
    for own in OWN {
        let platforms: Vec<&str> = own.platforms.iter().map(|platform| platform.name()).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {}; for example `{}` |",
            own.key,
            type_words(own.type_name),
            own.default.map_or_else(|| "none".to_owned(), |default| format!("`{default}`")),
            platforms.join(", "),
            cell(own.text),
            own.example,
        );
    }
    page.push_str(
        "\n## Options of Flink that most sessions meet\n\n\
         Default and type are those of the newest version that has the option. The newest release of each line \
         from 1.13 to 2.3 was looked at.\n\n\
         | option | type | default | versions | what it is for |\n|---|---|---|---|---|\n",
    );
    for info in WORDS.iter().filter_map(|words| find(words.key)) {
        row(&info, &mut page);
    }
    page
}

fn row(info: &OptionInfo, page: &mut String) {
    let Some(facts) = info.newest() else { return };
    let default = match facts.default {
        None => "none".to_owned(),
        Some("") => "empty".to_owned(),
        Some(default) => format!("`{}`", cell(default)),
    };
    let _ = writeln!(
        page,
        "| `{}` | {} | {default} | {} | {} |",
        info.key,
        type_words(facts.type_name),
        info.versions(),
        cell(info.text.unwrap_or_default()),
    );
}

/// A type as people read it.
fn type_words(type_name: &str) -> String {
    match type_name.strip_prefix("enum:") {
        Some(names) => {
            names.split('|').map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
        }
        None => type_name.replace('<', "\\<"),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
