//! From what is wanted and what was found to layers.

mod builder;
mod parts;

use crate::class_data;
use crate::image::config::Config;
use crate::image::{
    BINARY, Content, ENTRYPOINT, FoundFlink, FoundJava, FoundParts, ImageRequest, ImageUser,
    JAVA_HOME, JAVA_WITHOUT, Layer, LayerEntry, SCRIPTS, system,
};
use nutkin_flink::dialect::Dialect;
use nutkin_flink::remedy::Deed;
use nutkin_flink::{Argument, FlinkVersion, Problem, Remedy};

use builder::Builder;

/// Jars that get a layer of their own. Docker takes 127 layers of an image at most; a base has a dozen, and
/// the rest is for copies. Further jars share one.
const JAR_LAYERS: usize = 40;

/// Directories of Flink's home into which volumes are mounted or its user writes. A new volume of Docker gets
/// the owner that the image has at its place.
const WRITABLE: &[&str] = &["conf", "data", "lib", "log", "plugins", "usrlib"];

/// The image, before any file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlan {
    /// Our layers, above those of the base.
    pub layers: Vec<Layer>,
    /// What the image says about itself.
    pub config: Config,
}

/// Sees that Flink has the plugins and parts that are wanted of it by name.
///
/// # Errors
/// All those that it does not have.
pub fn missing_parts(
    request: &ImageRequest,
    flink: &FoundFlink,
    release: FlinkVersion,
) -> Result<(), Vec<Problem>> {
    let problems = parts::missing(request, flink, release);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Plans an image.
///
/// # Errors
/// All that is wrong: no Java, parts or plugins that Flink does not have, configuration that it would not read.
pub fn plan(request: &ImageRequest, found: &FoundParts) -> Result<ImagePlan, Vec<Problem>> {
    let mut problems = Vec::new();
    let user = request.user;
    let home = request.flink_home.as_str();
    let mut image = Builder::new(found.base.as_ref(), user, home);

    if let Some(layer) = system_files(request, found) {
        image.layer("system", "users, and libraries of this machine", layer);
    }
    let java_home = match &found.java {
        FoundJava::Nowhere => {
            problems.push(
                Problem::argument(Argument::JavaFrom, "the image would have no Java")
                    .hint(Remedy::JavaOfThisMachine),
            );
            JAVA_HOME.to_owned()
        }
        FoundJava::InBase(home) => home.clone(),
        FoundJava::Copied(source) => {
            let content = Content::Tree { source: source.clone(), without: JAVA_WITHOUT };
            let entry = LayerEntry { content, ..LayerEntry::directory(ImageUser::ROOT) };
            image.layer("java", "Java", [(JAVA_HOME.to_owned(), entry)]);
            JAVA_HOME.to_owned()
        }
    };
    if let Some(flink) = &found.distribution {
        image.layer("flink", &format!("Flink {}", found.flink), parts::flink(flink, home, user));
    }
    let parts = parts::chosen(request, found, &mut problems);
    if !parts.is_empty() {
        image.layer("plugins", "plugins and optional parts of Flink", parts);
    }
    if let Some(binary) = &found.binary {
        image.layer("nutkin", "Nutkin, and Flink's scripts as links to it", scripts(binary, home));
    }
    image.layer(
        "configuration",
        "configuration and writable directories",
        configuration(request, found, &mut problems),
    );
    for directory in &request.directories {
        let owner = user.or_of(directory.owner);
        let name = format!("dir{}", directory.path.replace('/', "-"));
        let entry = (directory.path.clone(), LayerEntry::directory(owner));
        image.layer(&name, &format!("directory {}", directory.path), [entry]);
    }
    for copy in &request.copies {
        let owner = user.or_of(copy.owner);
        let entry = if found.directories.contains(&copy.source) {
            LayerEntry::tree(&copy.source, owner)
        } else {
            // Whether it is a program, the shell sees.
            LayerEntry::file(&copy.source, owner, false)
        };
        let name = format!("copy{}", copy.target.replace('/', "-"));
        image.layer(&name, &format!("copy to {}", copy.target), [(copy.target.clone(), entry)]);
    }
    let jar = |source: &String| {
        (format!("{home}/lib/{}", parts::file_name(source)), LayerEntry::file(source, user, false))
    };
    let (single, shared) = request.jars.split_at(request.jars.len().min(JAR_LAYERS));
    for source in single {
        let name = parts::file_name(source);
        image.layer(&format!("jar-{name}"), &format!("jar {name}"), [jar(source)]);
    }
    if !shared.is_empty() {
        image.layer("jars", "further jars", shared.iter().map(jar));
    }
    // Last: they are bound to every jar of `lib`.
    let archive = |(name, source): &(String, String)| {
        (format!("{home}/{}/{name}", class_data::DIRECTORY), LayerEntry::file(source, user, false))
    };
    if !found.archives.is_empty() {
        image.layer("class-data", "class data archives", found.archives.iter().map(archive));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let config = Config::new(request, found, &java_home);
    Ok(ImagePlan { layers: image.layers, config })
}

/// Users, what an image without a base needs, and what the machine gives.
fn system_files(request: &ImageRequest, found: &FoundParts) -> Option<Vec<(String, LayerEntry)>> {
    let mut entries = Vec::new();
    let base = found.base.as_ref();
    let mut text = |path: &str, text: Option<String>| {
        entries.extend(text.map(|text| (path.to_owned(), LayerEntry::text(text, ImageUser::ROOT))));
    };
    let passwd = base.and_then(|base| base.passwd.as_deref());
    text("/etc/passwd", system::passwd(passwd, request.user, &request.flink_home));
    text("/etc/group", system::group(base.and_then(|base| base.group.as_deref()), request.user));
    if base.is_none() {
        text("/etc/nsswitch.conf", Some(system::NSSWITCH.to_owned()));
        // Everybody writes there, and removes only what is theirs.
        let tmp = LayerEntry { mode: 0o1777, ..LayerEntry::directory(ImageUser::ROOT) };
        entries.push(("/tmp".to_owned(), tmp));
        // Mount points: containerd cannot make them below a read-only root.
        for path in ["/dev", "/proc", "/sys"] {
            entries.push((path.to_owned(), LayerEntry::directory(ImageUser::ROOT)));
        }
        for (path, target) in &found.system_links {
            entries.push((path.clone(), LayerEntry::link(target)));
        }
    }
    for (path, source, is_program) in &found.system {
        entries.push((path.clone(), LayerEntry::file(source, ImageUser::ROOT, *is_program)));
    }
    (!entries.is_empty()).then_some(entries)
}

fn scripts(binary: &str, home: &str) -> Vec<(String, LayerEntry)> {
    let link = |path: String| (path, LayerEntry::link(BINARY));
    let mut entries = vec![(BINARY.to_owned(), LayerEntry::file(binary, ImageUser::ROOT, true))];
    entries.push(link(ENTRYPOINT.to_owned()));
    entries.extend(SCRIPTS.iter().map(|script| link(format!("{home}/bin/{script}"))));
    entries
}

fn configuration(
    request: &ImageRequest,
    found: &FoundParts,
    problems: &mut Vec<Problem>,
) -> Vec<(String, LayerEntry)> {
    let (home, user) = (&request.flink_home, request.user);
    let writable =
        WRITABLE.iter().map(|name| (format!("{home}/{name}"), LayerEntry::directory(user)));
    let mut entries: Vec<_> = writable.collect();
    let dialect = Dialect::for_version(found.flink);
    let wanted = dialect.file_name();
    for (name, source) in &found.configuration {
        entries.push((format!("{home}/conf/{name}"), LayerEntry::file(source, user, false)));
    }
    let has = |name: &str| found.configuration.iter().any(|(given, _)| given == name);
    let other = if wanted == "config.yaml" { "flink-conf.yaml" } else { "config.yaml" };
    // 1.19 and 1.20 read both.
    let line = found.flink.line();
    let reads_other =
        if other == "config.yaml" { line.reads_config_yaml } else { line.reads_flink_conf };
    if has(other) && !has(wanted) && !reads_other {
        let message = format!("Flink {} does not read `{other}`", found.flink);
        problems.push(
            Problem::argument(Argument::Conf, message)
                .hint(Deed::Convert.does(format!("makes a `{wanted}` of it"))),
        );
    }
    if found.distribution.is_some() && found.configuration.is_empty() {
        let text = parts::default_configuration();
        entries.push((format!("{home}/conf/{wanted}"), LayerEntry::text(text, user)));
    }
    entries
}
