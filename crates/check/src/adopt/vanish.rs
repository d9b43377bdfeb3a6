//! Defects that no session file has, whatever the files were.

use super::{Maker, resources};
use crate::finding::Findings;
use crate::rules;
use crate::system::System;

/// Their codes, and what is in their place.
const VANISHING: &[(&str, &str)] = &[
    ("NK0207", "each JobManager has its own address"),
    ("NK0302", "TaskManagers run under the ServiceAccount as well"),
    ("NK0401", "the session has Services of its own"),
    ("NK0403", "the session has Services of its own"),
    ("NK0405", "the address is that of the session's own Service"),
    ("NK0406", "the session has Services of its own"),
    ("NK0409", "the session has probes of its own"),
    ("NK0412", "the addresses are those of the session's own pods and Services"),
    ("NK0414", "TaskManagers find the JobManager by the session's Service"),
    ("NK0417", "pods listen at all of their addresses"),
    ("NK0418", "each TaskManager has its own name"),
    ("NK0601", "the address is given as this Flink takes it"),
    ("NK0602", "the address is given as this Flink takes it"),
    ("NK0605", "Flink's own log configuration is written"),
    ("NK0606", "the variable is left out: it had no effect"),
    ("NK0607", "the options of the session file say it"),
    ("NK0608", "the configuration is made of the session file"),
    ("NK0611", "the address is given as this Flink takes it"),
    ("NK0702", "all pods have one image"),
];

/// Describes each such defect that was found.
pub(super) fn tell(system: &System<'_>, maker: &mut Maker<'_>) {
    let mut findings = Findings::new(maker.files);
    rules::of_system(system, &mut findings);
    for (place, finding) in findings.list {
        let code = finding.rule.code;
        let asked = (code == resources::NONE).then(|| resources::asked_for(system));
        let gone = VANISHING.iter().find(|(known, _)| *known == code).map(|(_, message)| *message);
        if let Some(message) = asked.as_deref().or(gone) {
            let location = maker.location(place);
            if !maker.cures.iter().any(|cure| cure.rule.code == code && cure.location == location) {
                maker.cure(code, place, message);
            }
        }
    }
}
