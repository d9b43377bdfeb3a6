//! The image of a session, with a tag that does not move, and the release that it brings.

use super::Maker;
use super::options::Options;
use crate::image;
use crate::kubernetes::Workload;
use crate::node::Walk;
use nutkin_flink::FlinkVersion;

/// The release of the client that deploys a session, and where its image is named. The image of the pods is an option.
pub(super) fn release_of(boot: &Workload<'_>, maker: &Maker<'_>) -> Option<(String, String)> {
    let node = boot.image()?;
    let patch = image::patch(node.text()?)?;
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
    if let Some(patch) = image::patch(&image) {
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
    let is_flink = image::is_flinks_own(text);
    let brings = image::tag(text).and_then(image::version);
    if !maker.as_is && is_flink && brings.is_none() && 2 <= numbers.len() {
        let message = format!("`{text}` is left out: Flink {version} comes with its own image");
        maker.cure("NK0704", place, message);
        return None;
    }
    let base = text.split('@').next().unwrap_or(text);
    let official = matches!(base.split(':').next(), Some("flink" | "apache/flink"));
    if !maker.as_is && official && numbers.len() < 2 && !text.contains('@') {
        let name = base.split(':').next().unwrap_or(base);
        maker.cure("NK0701", place, format!("the image is `{name}:{version}`"));
        maker.put(place, "image", "spec.image");
        return Some(format!("{name}:{version}"));
    }
    maker.put(place, "image", "spec.image");
    Some(text.to_owned())
}
