//! What is inside, as CycloneDX 1.5 (ECMA-424, `bom-1.5.schema.json`).

use serde_json::{Value, json};

/// One thing that is inside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    /// What it is.
    pub kind: ComponentType,
    /// Maven group, for jars that say theirs.
    pub group: Option<String>,
    /// Name: the artifact, or the file.
    pub name: String,
    /// Version, where known.
    pub version: Option<String>,
    /// Where it is in the image; `None`: everywhere, as a base is.
    pub path: Option<String>,
    /// SHA-256 as hex, of a file.
    pub sha256: Option<String>,
    /// What is inside of it, such as the libraries in a fat jar.
    pub inside: Vec<Self>,
}

/// Types of CycloneDX that occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComponentType {
    /// Our binary.
    Application,
    /// The base.
    Container,
    /// A shared object, a program, a copied file.
    File,
    /// A jar.
    Library,
    /// Java.
    Platform,
}

impl ComponentType {
    const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Container => "container",
            Self::File => "file",
            Self::Library => "library",
            Self::Platform => "platform",
        }
    }
}

/// The document: of an image with this name and this digest of its configuration.
///
/// It holds no time and no random serial number, so that the same image has the same document.
pub fn document(name: &str, image_id: &str, components: &[Component]) -> Value {
    let mut components = components.to_vec();
    components.sort();
    let mut count = 0;
    let components: Vec<Value> = components.iter().map(|one| one.json(&mut count)).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "tools": {"components": [
                {"type": "application", "name": "nutkin", "version": env!("CARGO_PKG_VERSION")},
            ]},
            "component": {
                "type": "container",
                "bom-ref": "image",
                "name": name,
                "version": image_id,
            },
        },
        "components": components,
    })
}

impl Component {
    fn json(&self, count: &mut usize) -> Value {
        *count += 1;
        let mut json = json!({
            "type": self.kind.name(),
            "bom-ref": format!("c{count}"),
            "name": self.name,
        });
        if let Some(group) = &self.group {
            json["group"] = json!(group);
        }
        if let Some(version) = &self.version {
            json["version"] = json!(version);
        }
        if let (Some(group), Some(version)) = (&self.group, &self.version) {
            json["purl"] = json!(format!(
                "pkg:maven/{}/{}@{}",
                encoded(group),
                encoded(&self.name),
                encoded(version)
            ));
        }
        if let Some(sha256) = &self.sha256 {
            json["hashes"] = json!([{"alg": "SHA-256", "content": sha256}]);
        }
        if let Some(path) = &self.path {
            json["evidence"] = json!({"occurrences": [{"location": path}]});
        }
        if !self.inside.is_empty() {
            let inside: Vec<Value> = self.inside.iter().map(|one| one.json(count)).collect();
            json["components"] = json!(inside);
        }
        json
    }
}

/// Percent-encoding of the package URL specification.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
