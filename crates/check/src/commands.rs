//! Commands beside the files: in shell scripts, Makefiles and the like, and in files of CI.

use super::path::joined;
use super::source::{File, FileKind, looks_like_compose};

/// Whether a file holds commands.
pub(super) fn has_commands(file: &File) -> bool {
    match file.kind {
        Some(FileKind::Script | FileKind::Recipe) => true,
        // A pipeline is YAML that is not an object.
        Some(FileKind::Objects) => {
            !file.text.contains("apiVersion") && !looks_like_compose(&file.text)
        }
        _ => false,
    }
}

/// The directory in which the commands of a file run: its own, or the one that has the settings of CI.
pub(super) fn directory(file: &File) -> String {
    let own = joined("", file.directory());
    let parts = own.split('/').take_while(|part| !part.starts_with('.') || part.starts_with(".."));
    parts.collect::<Vec<_>>().join("/")
}

/// The commands of a text, one a line, without comments: a line that ends with `\` goes on in the next one.
pub(super) fn lines(text: &str) -> Vec<String> {
    let (mut all, mut open) = (Vec::new(), String::new());
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(part) = line.strip_suffix('\\') {
            open.push_str(part);
            open.push(' ');
        } else {
            open.push_str(line);
            all.push(std::mem::take(&mut open));
        }
    }
    all.push(open);
    all
}

/// The words of each command of a line, quotes around them taken away.
pub(super) fn words(line: &str) -> impl Iterator<Item = Vec<&str>> {
    let commands = line.split(['|', ';']).flat_map(|part| part.split("&&"));
    commands.map(|command| {
        let words = command.split_whitespace();
        words.map(|word| word.trim_matches(['"', '\'', '`'])).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{directory, has_commands, lines, words};
    use crate::source::{File, Input};

    #[test]
    fn files_with_commands_and_where_these_run() {
        #[track_caller]
        fn check(name: &str, text: &str, expected: Option<&str>) {
            let file = File::new(&Input { name: name.to_owned(), text: text.to_owned() });
            let found = has_commands(&file).then(|| directory(&file));
            assert_eq!(found.as_deref(), expected, "{name}");
        }
        check("Makefile", "up:\n\tkubectl apply -f x\n", Some(""));
        check("./deploy/up.sh", "kubectl apply -f x\n", Some("deploy"));
        check("shop/.github/workflows/go.yml", "on: push\n", Some("shop"));
        check(".gitlab-ci.yml", "up:\n  script: [make]\n", Some(""));
        check("../up.sh", "", Some(".."));
        check("all.yaml", "apiVersion: v1\nkind: ConfigMap\n", None);
        check("compose.yaml", "services:\n  a:\n    image: b\n", None);
        check("flink-conf.yaml", "rest.port: 8081\n", None);
    }

    #[test]
    fn commands_of_a_text() {
        let text = "# kubectl a\nkubectl \\\n  create x && b | c\n";
        let all = lines(text);
        let found: Vec<_> = all.iter().flat_map(|line| words(line)).collect();
        assert_eq!(found[..3], [vec!["kubectl", "create", "x"], vec!["b"], vec!["c"]]);
    }
}
