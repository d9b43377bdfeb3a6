//! As whom containers of Flink's own image start, and whether they may.

use super::FORBIDDEN_ROOT;
use crate::finding::Findings;
use crate::image::is_official;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::settings::runs_entrypoint;
use crate::system::System;
use nutkin_flink::yaml::Node;

/// Without these root cannot become another user (`setuid(2)`, `setgid(2)`).
const NEEDED: [&str; 2] = ["SETUID", "SETGID"];

pub(super) fn check(system: &System<'_>, workload: &Workload<'_>, out: &mut Findings<'_>) {
    let is_flinks = workload.image().and_then(Walk::text).is_some_and(is_official);
    if !is_flinks || system.world.is_open_shift {
        return;
    }
    let said = |path: &str| {
        let own = workload.container.at("securityContext");
        let all = [own, workload.pod.at("securityContext")];
        all.into_iter().flatten().find_map(|context| context.at(path))
    };
    let user = said("runAsUser").and_then(Walk::whole);
    if user.is_some_and(|user| user != 0) {
        return;
    }
    if let Some(node) = said("runAsNonRoot").filter(|node| node.text() == Some("true")) {
        let why = if user.is_some() { "`runAsUser` is 0" } else { "nothing says another user" };
        let place = node.place(workload.file());
        let message = format!("{} may not run as root, and {why}", workload.title());
        let is_alone = user.is_none();
        let patch = is_alone.then(|| beside(out, place)).flatten();
        out.add(&FORBIDDEN_ROOT, place, message).patch = patch;
        return;
    }
    let capabilities = workload.container.at("securityContext/capabilities");
    let listed = |field: &str| capabilities.map_or(&[][..], |node| node.items_of(field));
    let has = |field: &str, name: &str| listed(field).iter().any(|one| is(one, name));
    let lacking = |name: &&&str| {
        (has("drop", "ALL") || has("drop", name)) && !has("add", name) && !has("add", "ALL")
    };
    if let (true, Some(name)) = (runs_entrypoint(workload), NEEDED.iter().find(lacking)) {
        let drops = listed("drop").iter().find(|one| is(one, "ALL") || is(one, name));
        let node = drops.or(capabilities).unwrap_or(workload.container);
        let message = format!("{} starts as root without the capability {name}", workload.title());
        out.add(&FORBIDDEN_ROOT, node.place(workload.file()), message);
    }
}

fn is(node: &Node, name: &str) -> bool {
    let text = node.text().unwrap_or_default();
    text.strip_prefix("CAP_").unwrap_or(text).eq_ignore_ascii_case(name)
}

/// A patch that says the user beside a field, where that has a line of its own.
fn beside(out: &Findings<'_>, place: crate::finding::Place) -> Option<crate::finding::Patch> {
    let line = out.files[place.file].line(place.line)?;
    let is_alone = line.trim_start().trim_start_matches("- ").starts_with("runAsNonRoot:");
    let patch = out.append(place, "runAsUser: 9999\nrunAsGroup: 9999")?;
    (is_alone && !line.trim_start().starts_with('-')).then_some(patch)
}
