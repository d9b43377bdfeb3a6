//! Log files of the files, as `spec.logConfiguration` holds them, with wrong levels fixed.

use super::Maker;
use crate::finding::Findings;
use crate::rules;
use crate::source::FileKind;
use crate::system::System;

/// The log files: name and text.
pub(super) fn of(system: &System<'_>, maker: &mut Maker<'_>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for text in &system.texts {
        if !matches!(text.kind, FileKind::Log4j | FileKind::Logback)
            || found.iter().any(|(n, _)| *n == text.name)
        {
            continue;
        }
        let mut content = text.text.trim_end().to_owned() + "\n";
        if !maker.as_is && text.kind == FileKind::Log4j {
            let mut findings = Findings::new(maker.files);
            rules::of_log(system, text, &mut findings);
            for (place, finding) in findings.list {
                if let (Some(patch), "NK0801") = (&finding.patch, finding.rule.code) {
                    let (Some(old), Some(new)) = (patch.remove.first(), patch.insert.first())
                    else {
                        continue;
                    };
                    content = content.replace(old.trim(), new.trim());
                    maker.cure("NK0801", place, format!("`{}`", new.trim()));
                }
            }
        }
        maker.put(
            text.start(),
            text.name.clone(),
            format!("spec.logConfiguration, `{}`", text.name),
        );
        found.push((text.name.clone(), content));
    }
    found
}
