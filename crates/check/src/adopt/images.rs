//! The image of a session, with a tag that does not move, and the release that it brings.

use super::Maker;
use super::options::Options;
use crate::image;
use crate::kubernetes::Workload;
use crate::node::Walk;
use crate::system::System;
use nutkin_flink::version::LINES;
use nutkin_flink::{Argument, FlinkVersion, Problem};

/// The release of the client that deploys a session, and where its image is named. The image of the pods is an option.
pub(super) fn release_of(
    boot: &Workload<'_>,
    version: FlinkVersion,
    maker: &Maker<'_>,
) -> Option<(String, String)> {
    let node = boot.image()?;
    let patch = image::patch(node.text()?).filter(|patch| patch.line() == version.line())?;
    Some((patch.to_string(), maker.origin(node.place(boot.file()))))
}

/// The image, with a tag that does not move. The release that it says to the last number is an option.
pub(super) fn image_of(
    workload: &Workload<'_>,
    version: FlinkVersion,
    options: &mut Options,
    maker: &mut Maker<'_>,
) -> Option<String> {
    let image = still_image(workload, version, maker)?;
    if let Some(patch) = image::patch(&image).filter(|patch| patch.line() == version.line()) {
        let place = workload.image().map(|node| node.place(workload.file()));
        let origin = place.map(|place| maker.origin(place)).unwrap_or_default();
        options.push("nutkin.flink.version", &patch.to_string(), origin);
    }
    Some(image)
}

fn still_image(
    workload: &Workload<'_>,
    version: FlinkVersion,
    maker: &mut Maker<'_>,
) -> Option<String> {
    let node = workload.image()?;
    let text = node.text()?;
    let place = node.place(workload.file());
    let numbers = image::tag(text).map(image::numbers).unwrap_or_default();
    // The user names a release: one of Flink's own images that is of another one goes.
    if !maker.as_is && image::is_unknown(text) {
        let message = format!("`{text}` is left out: Flink {version} comes with its own image");
        maker.cure("NK0704", place, message);
        return None;
    }
    if !maker.as_is && image::is_official(text) && numbers.len() < 2 && !text.contains('@') {
        let still = image::still(text, version);
        maker.cure("NK0701", place, format!("the image is `{still}`"));
        maker.put(place, "image", "spec.image");
        return Some(still);
    }
    maker.put(place, "image", "spec.image");
    Some(text.to_owned())
}

/// An image or a Dockerfile of a Flink for which no session file can be written: one of another release would be another system.
pub(super) fn of_unknown_release(system: &System<'_>, maker: &Maker<'_>) -> Problem {
    let mut workloads = system.workloads.iter().chain(&system.boot);
    let of_pods = workloads.find_map(|workload| {
        let node = workload.image()?;
        let text = node.text().filter(|text| image::is_unknown(text))?;
        Some((format!("`{text}`"), node.place(workload.file())))
    });
    let of_build = || {
        let (image, place) = system.dockerfiles.iter().find(|one| one.is_unknown)?.from.as_ref()?;
        let what = if image::is_unknown(image) { format!("`{image}`") } else { "this".to_owned() };
        Some((what, *place))
    };
    let found = of_pods.or_else(of_build);
    let what = found.as_ref().map_or("the image", |(what, _)| what.as_str());
    let (first, last) = (LINES[0].number, LINES[LINES.len() - 1].number);
    let message = format!(
        "{what} brings a Flink that no session file has; they have {}.{} to {}.{}",
        first.0, first.1, last.0, last.1
    );
    let problem = Problem::argument(Argument::From, message)
        .hint("`--flink VERSION` makes the session of that release, which is an upgrade");
    match found {
        Some((_, place)) => problem.at(maker.location(place)),
        None => problem,
    }
}
