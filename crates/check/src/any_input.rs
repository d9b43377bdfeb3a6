//! Files are other people's: whatever they hold, nothing panics, and every place that is told exists.

use proptest::prelude::*;

use super::{Input, Settings, check, codes, page};

/// Names that lead to each reader.
const NAMES: &[&str] = &[
    "a.yaml",
    "compose.yaml",
    "compose.override.yaml",
    ".env",
    "flink-conf.yaml",
    "config.yaml",
    "conf/masters",
    "workers",
    "Dockerfile",
    "log4j-console.properties",
    "logback.xml",
    "docker-entrypoint.sh",
    "Makefile",
    ".gitignore",
    ".github/workflows/go.yml",
    "unknown",
];

fn look(files: &[(String, String)]) -> Result<(), TestCaseError> {
    let inputs: Vec<Input> =
        files.iter().map(|(name, text)| Input { name: name.clone(), text: text.clone() }).collect();
    let report = check(&inputs, &Settings::default());
    for finding in &report.findings {
        let file = inputs.iter().find(|input| input.name == finding.location.file);
        let text = file.map(|file| file.text.as_str()).unwrap_or_default();
        let lines = text.split('\n').count();
        let line = usize::try_from(finding.location.line.unwrap_or(0)).unwrap_or(0);
        prop_assert!((1..=lines).contains(&line), "{} at {}", finding.rule.code, finding.location);
        prop_assert!(finding.location.column >= Some(1), "{}", finding.rule.code);
        prop_assert!(!finding.message.is_empty() && !finding.advice().is_empty());
        if let Some(patch) = &finding.patch {
            let first = usize::try_from(patch.line).unwrap_or(0);
            let there: Vec<&str> =
                text.split('\n').skip(first - 1).take(patch.remove.len()).collect();
            let there: Vec<&str> = there.iter().map(|line| line.trim_end_matches('\r')).collect();
            prop_assert_eq!(&there, &patch.remove, "a patch removes what is there");
        }
    }
    Ok(())
}

/// All files of all examples: the seeds from which texts are damaged.
fn examples() -> Vec<(&'static str, &'static str)> {
    codes::all().flat_map(|rule| rule.bad().into_iter().chain(rule.good())).collect()
}

/// Cuts, doubles and replaces pieces of a text.
fn damaged(text: &str, damages: &[(u16, u16, u8, String)]) -> String {
    let mut text = text.to_owned();
    for (start, length, how, insert) in damages {
        let place = |at: usize, text: &str| {
            let mut at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let from = place(usize::from(*start) % (text.len() + 1), &text);
        let to = place(from + usize::from(*length), &text).max(from);
        match how % 3 {
            0 => text.replace_range(from..to, ""),
            1 => text.replace_range(from..to, insert),
            _ => {
                let piece = text[from..to].to_owned();
                text.insert_str(to, &piece);
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_file(files in prop::collection::vec((0..NAMES.len(), any::<String>()), 1..4)) {
        let named = files.into_iter().enumerate();
        let files: Vec<(String, String)> =
            named.map(|(index, (name, text))| (format!("{index}/{}", NAMES[name]), text)).collect();
        look(&files)?;
    }

    #[test]
    fn any_bytes(name in 0..NAMES.len(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        look(&[(NAMES[name].to_owned(), String::from_utf8_lossy(&bytes).into_owned())])?;
    }

    #[test]
    fn damaged_examples(
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec((any::<u16>(), 0..40_u16, any::<u8>(), "[a-z:{}\\[\\]|#&*\"' \n\t-]{0,8}"), 1..5),
    ) {
        let all = examples();
        let (name, text) = all[which.index(all.len())];
        look(&[(name.to_owned(), damaged(text, &damages))])?;
    }

    #[test]
    fn yaml_of_the_right_words(
        lines in prop::collection::vec(("( {0,8})", prop::sample::select(WORDS), 0..4_u8), 0..25),
    ) {
        let text: String = lines
            .iter()
            .map(|(indent, word, list)| format!("{indent}{}{word}\n", if *list == 0 { "- " } else { "" }))
            .collect();
        look(&[("a.yaml".to_owned(), format!("apiVersion: v1\nkind: Deployment\n{text}"))])?;
    }
}

/// Pieces of which objects are made.
const WORDS: &[&str] = &[
    "spec:",
    "template:",
    "containers:",
    "name: jobmanager",
    "args: [jobmanager, \"$(POD_IP)\"]",
    "image: flink:1",
    "volumes:",
    "volumeMounts:",
    "mountPath: /opt/flink/conf",
    "mountPath: config.yaml",
    "subPath: config.yaml",
    "replicas: 2",
    "data:",
    "flink-conf.yaml: |",
    "a: b",
    "high-availability: kubernetes",
    "env:",
    "kind: ConfigMap",
    "metadata:",
    "items:",
    "ports:",
    "containerPort: 99999999999",
    "livenessProbe:",
    "selector:",
    "resources:",
    "limits:",
    "memory: 1e400Gi",
    "<<: *a",
    "x: &a {}",
    "---",
    "rules:",
    "verbs: [get]",
];

/// A pathological text takes no time that grows out of proportion.
#[test]
fn deep_and_long_texts() {
    let deep = "a:\n".to_owned() + &(1..400).map(|n| " ".repeat(n) + "a:\n").collect::<String>();
    let flow = "[".repeat(20_000);
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &"bcdefghij"
            .chars()
            .zip("abcdefghi".chars())
            .map(|(new, old)| {
                format!("{new}: &{new} [*{old},*{old},*{old},*{old},*{old},*{old}]\n")
            })
            .collect::<String>();
    for text in [deep, flow, bomb] {
        for name in NAMES {
            look(&[((*name).to_owned(), format!("apiVersion: v1\n{text}"))]).unwrap();
            look(&[((*name).to_owned(), text.clone())]).unwrap();
        }
    }
}

#[test]
fn pages_say_what_changes() {
    let rule = codes::find("NK0104").unwrap();
    let text = page::page(rule);
    assert!(text.contains("\n-taskmanager.numberOfTaskSlots: 2\n"), "{text}");
}
