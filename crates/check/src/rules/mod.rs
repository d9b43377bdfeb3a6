//! The rules, by theme. Each file has its part of the table and a function for each defect.

pub(super) mod compose;
mod config;
mod exposure;
mod files;
pub(super) mod ha;
mod images;
mod logback;
mod logs;
pub(super) mod memory;
mod network;
mod operator;
pub(super) mod planned;
pub(super) mod pods;
pub(super) mod rbac;
mod schema;
pub(super) mod storage;

use super::embedded::Embedded;
use super::finding::Findings;
use super::kubernetes::Object;
use super::rule::Rule;
use super::selectors::Pods;
use super::silence::Silence;
use super::source::FileKind;
use super::system::{System, World};

/// Writes a part of the table: statics, and a list of them. The examples of a code are in a file.
macro_rules! rules {
    ($($name:ident $code:literal $severity:ident $title:literal
       happens $happens:literal cure $cure:literal;)*) => {
        $(
            pub(super) static $name: $crate::rule::Rule = $crate::rule::Rule {
                code: $code,
                severity: $crate::rule::Severity::$severity,
                title: $title,
                happens: $happens,
                cure: $cure,
                example: include_str!(concat!("../examples/", $code, ".txt")),
            };
        )*
        /// This part of the table.
        pub(super) static TABLE: &[&$crate::rule::Rule] = &[$(&$name),*];
    };
}
use rules;

/// The table, in order of the codes.
pub(super) static TABLES: &[&[&Rule]] = &[
    files::TABLE,
    config::TABLE,
    ha::TABLE,
    rbac::TABLE,
    network::TABLE,
    memory::TABLE,
    pods::TABLE,
    images::TABLE,
    logs::TABLE,
    exposure::TABLE,
    compose::TABLE,
    operator::TABLE,
];

/// What can be said of files and objects without knowing which session they belong to.
pub(super) fn of_world(world: &World, silences: &[Silence], out: &mut Findings<'_>) {
    files::check(world, silences, out);
    let pods = Pods::of(&world.objects);
    network::services::without_pods(world, &pods, out);
    network::routes::check(world, &pods, out);
    compose::of_world(world, out);
    pods::removed_versions(world, out);
    pods::unknown_kinds(world, out);
    pods::refused_beside(world, out);
    pods::names::of_world(world, out);
}

/// What can be said of resources of the operator, those in session files of Nutkin's apart.
pub(super) fn of_jobs(world: &World, is_ours: impl Fn(&Object) -> bool, out: &mut Findings<'_>) {
    ha::of_jobs(world, &is_ours, out);
    operator::check(world, &is_ours, out);
}

/// What can be said of one log file.
pub(super) fn of_log(system: &System<'_>, text: &Embedded, out: &mut Findings<'_>) {
    logs::of_text(system, text, out);
}

/// What can be said of the log files of a session.
fn of_logs(system: &System<'_>, out: &mut Findings<'_>) {
    // Flink before 1.11 reads files of Log4j 1.
    if system.is_of_unknown_release() {
        return;
    }
    for text in system.texts.iter().copied() {
        match text.kind {
            FileKind::Log4j => logs::of_text(system, text, out),
            FileKind::Logback => logback::of_text(system, text, out),
            _ => {}
        }
    }
}

/// What can be said of a session file that the user names as one.
pub(super) fn of_session_file(system: &System<'_>, out: &mut Findings<'_>) {
    planned::check(system, out);
}

/// What can be said of a session.
pub(super) fn of_system(system: &System<'_>, out: &mut Findings<'_>) {
    if !system.is_of_compose() {
        return of_any(system, out);
    }
    let mut all = Findings::new(out.files);
    of_any(system, &mut all);
    compose::keep(&mut all.list);
    out.list.append(&mut all.list);
    compose::check(system, out);
}

fn of_any(system: &System<'_>, out: &mut Findings<'_>) {
    files::of_system(system, out);
    config::check(system, out);
    ha::check(system, out);
    rbac::check(system, out);
    network::check(system, out);
    memory::check(system, out);
    pods::check(system, out);
    images::check(system, out);
    of_logs(system, out);
    exposure::check(system, out);
}
