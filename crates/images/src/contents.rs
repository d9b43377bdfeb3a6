//! What jars and programs say about themselves, for the bill of materials.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use nutkin_container::image::sbom::{Component, ComponentType};
use zip::ZipArchive;

use super::layer::LayerFile;

/// Coordinates that Maven leaves in a jar.
const PROPERTIES: &str = "/pom.properties";

/// The component that a file of the image is; texts and licences are none.
pub(super) fn component(file: &LayerFile) -> Option<Component> {
    let source = file.source.as_deref()?;
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let is_jar = Path::new(name).extension().is_some_and(|end| end == "jar");
    let mut component = Component {
        kind: if is_jar { ComponentType::Library } else { ComponentType::File },
        group: None,
        name: name.to_owned(),
        version: None,
        path: Some(format!("/{}", file.path)),
        sha256: Some(file.sha256.clone()),
        inside: Vec::new(),
    };
    if is_jar {
        let mut inside = coordinates(source);
        // The jar itself is the one that its name begins with; the longest, as `flink` begins many names.
        let stem = name.trim_end_matches(".jar");
        let own = inside
            .iter()
            .enumerate()
            .filter(|(_, one)| stem == one.name || stem.starts_with(&format!("{}-", one.name)))
            .max_by_key(|(_, one)| one.name.len())
            .map(|(index, _)| index);
        if let Some(index) = own {
            let own = inside.remove(index);
            (component.group, component.name, component.version) =
                (own.group, own.name, own.version);
        }
        component.inside = inside;
    }
    Some(component)
}

/// All coordinates in a jar, sorted; none when it is not a zip file.
fn coordinates(jar: &Path) -> Vec<Component> {
    let Ok(file) = File::open(jar) else { return Vec::new() };
    let Ok(mut zip) = ZipArchive::new(BufReader::new(file)) else { return Vec::new() };
    let names: Vec<String> = zip
        .file_names()
        .flatten()
        .filter(|name| name.ends_with(PROPERTIES))
        .map(std::borrow::Cow::into_owned)
        .collect();
    let mut all: Vec<Component> = names
        .iter()
        .filter_map(|name| {
            let mut text = String::new();
            zip.by_name(name).ok()?.read_to_string(&mut text).ok()?;
            maven(&text)
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Reads `pom.properties`.
fn maven(text: &str) -> Option<Component> {
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned())
    };
    Some(Component {
        kind: ComponentType::Library,
        group: Some(value("groupId")?),
        name: value("artifactId")?,
        version: Some(value("version")?),
        path: None,
        sha256: None,
        inside: Vec::new(),
    })
}
