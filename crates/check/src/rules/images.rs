//! Images: which Flink they bring, and whether everybody brings the same.

mod plugins;

use super::rules;
use crate::finding::{Findings, Place};
use crate::image::{is_official, is_unknown, name, numbers, release, still, tag, version};
use crate::kubernetes::{Workload, is_flink_image};
use crate::node::Walk;
use crate::system::{System, release_of};
use nutkin_flink::FlinkVersion;

rules! {
    FLOATING "NK0701" Warning "an image tag that moves"
        happens "The same file starts another Flink next month. A node that has the old image and a node that pulls the new one run both in one session, and they do not talk to each other."
        cure "Name the whole release: `flink:1.20.5`.";
    MIXED "NK0702" Error "JobManagers and TaskManagers of different Flink versions"
        happens "Flink's processes talk to each other only within one release: TaskManagers are turned away, or fail with InvalidClassException."
        cure "Give both the same image.";
    OTHER_BUILD "NK0703" Warning "the Dockerfile builds another Flink than the pods run"
        happens "What the Dockerfile adds (configuration, jars, directories) is not in the pods, or the pods run an older build than you think."
        cure "Let the pods run the image that the Dockerfile builds, under a name and tag of your own.";
    UNKNOWN_FLINK "NK0704" Warning "a Flink version that Nutkin does not know"
        happens "Options were checked for no version in particular. Flink before 1.13 gets no fixes, security fixes included, since 2021."
        cure "Take one of the versions 1.13 to 2.3; `nutkin convert` converts the configuration.";
    OLD_BASE "NK0705" Warning "a base image that gets no more fixes"
        happens "Security holes of the system and of Java stay open, and package servers for it are being switched off, so that the image cannot be built any more."
        cure "Start from the official image of a Flink release, `FROM flink:1.20.5`, which includes Java and an entrypoint.";
    OTHER_VERSION "NK0706" Error "`spec.flinkVersion` and the image disagree"
        happens "Options, savepoints and the REST API are used as `spec.flinkVersion` has them, and the pods run another Flink."
        cure "Write the version of the image into `spec.flinkVersion`, or take an image of that version.";
    JAVA "NK0707" Error "a Java that this Flink does not run on"
        happens "The JVM stops at the first class: `UnsupportedClassVersionError`, or at a module that is closed to Flink."
        cure "Take an image with a Java that the Flink release was built for: 11, 17 or 21 for 2.x, 8 or 11 for 1.13 to 1.17.";
    NO_SUCH_PLUGIN "NK0708" Error "a built-in plugin that the image does not have"
        happens "The image's entrypoint links each name from `/opt/flink/opt` into the plugins and stops at one that is not there: `Plugin ... does not exist. Exiting.` The container restarts for ever."
        cure "Write whole names of jars, with the release of the image, and `;` between two: `flink-s3-fs-hadoop-1.20.5.jar;flink-gs-fs-hadoop-1.20.5.jar`.";
}

pub(super) fn check(system: &System<'_>, out: &mut Findings<'_>) {
    for workload in &system.workloads {
        let Some(node) = workload.image() else { continue };
        let place = node.place(workload.file());
        one(system, node.text().unwrap_or_default(), place, out);
    }
    if let Some((session, node)) =
        system.session.and_then(|session| Some((session, session.node.at("spec/image")?)))
    {
        let image = node.text().unwrap_or_default();
        let place = node.place(session.file);
        one(system, image, place, out);
        let of_image = release(image);
        let named =
            system.version.filter(|named| of_image.is_some_and(|v| v.line() != named.line()));
        if let (Some(named), Some(of_image)) = (named, of_image) {
            let message = format!("the session names Flink {named}, the image contains {of_image}");
            out.add(&OTHER_VERSION, place, message);
        }
    }
    plugins::check(system, out);
    mixed(system, out);
    mixed_builds(system, out);
    dockerfiles(system, out);
}

fn one(system: &System<'_>, image: &str, place: Place, out: &mut Findings<'_>) {
    if !is_flink_image(image) || image.contains('@') || image.contains('$') {
        return;
    }
    let tag_text = tag(image);
    let found = tag_text.map(numbers).unwrap_or_default();
    if found.len() < 2 {
        floating(system, image, place, out);
        return;
    }
    if is_unknown(image) {
        let message = format!("`{image}` contains Flink {}.{}", found[0], found[1]);
        out.add(&UNKNOWN_FLINK, place, message);
        return;
    }
    java(image, place, out);
}

/// A tag that is another image next month.
fn floating(system: &System<'_>, image: &str, place: Place, out: &mut Findings<'_>) {
    let tag_text = tag(image);
    let is_official = is_official(image);
    let message = match tag_text {
        None => format!("`{image}` names no tag, which means `latest`"),
        Some("latest") => "the tag `latest` is another image after the next build".to_owned(),
        // A tag of somebody's own may be a build that stays.
        Some(_) if !is_official => return,
        Some(tag) => format!("the tag `{tag}` moves to a new Flink with each release"),
    };
    let name = name(image);
    if !is_official {
        let cure = format!("Give each build of `{name}` a tag of its own, and name that one here.");
        out.add(&FLOATING, place, message).cure = Some(cure);
        return;
    }
    let numbered = tag_text.and_then(version);
    let whole = still(image, numbered.unwrap_or_else(|| system.release()));
    let patch = numbered.and_then(|_| out.exchange(place, image, &whole));
    let finding = out.add(&FLOATING, place, message);
    finding.cure = Some(format!("Name the whole release: `{whole}`."));
    finding.patch = patch;
}

/// `-java8` in a tag.
fn java(image: &str, place: Place, out: &mut Findings<'_>) {
    let Some(flink) = release(image) else { return };
    let java = image.rsplit_once("java").and_then(|(_, number)| number.parse::<u8>().ok());
    if let Some(java) = java.filter(|java| !flink.line().java.contains(java)) {
        let message = format!("Flink {flink} does not run on Java {java}");
        out.add(&JAVA, place, message);
    }
}

fn mixed(system: &System<'_>, out: &mut Findings<'_>) {
    let version_of = |workload: &Workload<'_>| release_of(system.world, workload);
    let Some((first, wanted)) = system.job_managers().find_map(|w| Some((w, version_of(w)?)))
    else {
        return;
    };
    for workload in &system.workloads {
        let Some(found) = version_of(workload) else { continue };
        let object = &workload.object.node;
        if found != wanted {
            let message =
                format!("{} runs Flink {found}, {} runs {wanted}", workload.title(), first.title());
            let node = workload.image().unwrap_or(object);
            out.add(&MIXED, node.place(workload.file()), message);
        }
    }
}

/// Dockerfiles side by side, one for each role, that build different releases.
fn mixed_builds(system: &System<'_>, out: &mut Findings<'_>) {
    let mut masters: Vec<(&str, FlinkVersion, Place)> = Vec::new();
    let mut workers = masters.clone();
    for dockerfile in &system.dockerfiles {
        let Some((built, place)) = dockerfile.version else { continue };
        let directory = out.files[dockerfile.file].directory();
        let (above, own) = directory.rsplit_once('/').unwrap_or(("", directory));
        let runs = dockerfile.instructions.iter().rev().map(|(_, text)| text.as_str());
        let mut runs =
            runs.filter(|text| text.starts_with("CMD") || text.starts_with("ENTRYPOINT"));
        let command = runs.next().unwrap_or_default();
        let is =
            |role: &str, short: &str| command.contains(role) || own.contains(role) || own == short;
        match (is("jobmanager", "jm"), is("taskmanager", "tm")) {
            (true, false) => masters.push((above, built, place)),
            (false, true) => workers.push((above, built, place)),
            _ => {}
        }
    }
    for (above, built, place) in workers {
        let mut beside = masters.iter().filter(|(other, ..)| *other == above);
        // Several of one role are a choice of releases.
        let (Some((_, wanted, other)), None) = (beside.next(), beside.next()) else { continue };
        if *wanted != built {
            let message = format!(
                "this TaskManager is built of Flink {built}, the JobManager in {} of {wanted}",
                out.files[other.file].name
            );
            out.add(&MIXED, place, message);
        }
    }
}

/// Base images whose last fixes were years ago, by the beginning of their names.
const OLD: &[&str] = &[
    "centos:",
    "centos/",
    "debian:stretch",
    "debian:buster",
    "debian:jessie",
    "debian:9",
    "debian:10",
    "ubuntu:14",
    "ubuntu:16",
    "ubuntu:18",
    "openjdk:",
    "java:",
    "alpine:3.1",
    "alpine:3.4",
];

fn dockerfiles(system: &System<'_>, out: &mut Findings<'_>) {
    for dockerfile in &system.dockerfiles {
        let Some((image, place)) = &dockerfile.from else { continue };
        if OLD.iter().any(|old| image.starts_with(old)) {
            let message = format!("`{image}` is no longer maintained");
            out.add(&OLD_BASE, *place, message);
        }
        one(system, image, *place, out);
        if dockerfile.is_unknown && !is_official(image) {
            let message = "this builds a Flink of which no line is known here";
            out.add(&UNKNOWN_FLINK, *place, message);
        }
        let Some((built, place)) = dockerfile.version else { continue };
        for (at, text) in &dockerfile.instructions {
            let lower = text.to_lowercase();
            let is_java_8 =
                ["jdk8", "jdk-8", "jdk1.8", "java8", "openjdk-8"].iter().any(|w| lower.contains(w));
            if is_java_8 && !built.line().java.contains(&8) {
                let message = format!("Flink {built} does not run on Java 8");
                out.add(&JAVA, *at, message);
            }
        }
        let run = system.workloads.iter().find_map(|workload| {
            let image = workload.image()?.text()?;
            let version = tag(image).and_then(version)?;
            (is_official(image) && version.line() != built.line())
                .then_some((image, workload.title()))
        });
        if let Some((image, title)) = run {
            let message = format!("this builds on Flink {built}, {title} runs `{image}`");
            out.add(&OTHER_BUILD, place, message);
        }
    }
}
