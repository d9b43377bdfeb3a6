//! The Flink that goes into an image.

use std::fs;
use std::path::{Path, PathBuf};

use nutkin_container::image::FoundFlink;
use nutkin_flink::FlinkVersion;
use nutkin_flink::{Argument, Problem};

use super::Options;
use nutkin_fetch::dist::{self, Distribution};
use nutkin_shell::files::At;
use nutkin_shell::{Context, Error};

/// Flink's release and files; no files when the base has them.
///
/// # Errors
/// `--flink-from` is not a Flink, or another one than `--flink`; Flink cannot be fetched.
pub(super) async fn find(
    options: &Options,
    work: &Path,
    context: &Context<'_>,
) -> Result<(FlinkVersion, Option<Distribution>), Error> {
    let wanted = options.flink.unwrap_or(FlinkVersion::DEFAULT);
    let Some(from) = options.flink_from.as_deref() else {
        return Ok((wanted, Some(dist::obtain(wanted, context).await?.0)));
    };
    if from == "base" {
        return Ok((wanted, None));
    }
    let path = context.environment.directory.join(from);
    let home = if path.is_file() { unpacked(&path, work)? } else { path };
    let lib = home.join("lib");
    let names: Vec<String> = fs::read_dir(&lib)
        .at("read", &lib)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let version = dist::version_of_lib(&names).and_then(|version| version.parse().ok());
    let Some(version) = version else {
        let message = format!("`{}` has no flink-dist jar of a known release", lib.display());
        return Err(Error::input(vec![
            Problem::argument(Argument::FlinkFrom, message)
                .hint("name the directory or the .tgz of a Flink distribution, or `base`"),
        ]));
    };
    if options.flink.is_some_and(|flink| flink != version) {
        let message = format!("`{}` is Flink {version}, not {wanted}", home.display());
        return Err(Error::input(vec![Problem::argument(Argument::Flink, message)]));
    }
    let distribution = Distribution::open(version, &home).at("read", &home)?;
    Ok((version, Some(distribution)))
}

/// Unpacks an archive of Flink: one folder with everything below it.
fn unpacked(archive: &Path, work: &Path) -> Result<PathBuf, Error> {
    let folder = work.join("flink-archive");
    let file = fs::File::open(archive).at("read", archive)?;
    let gzip = flate2::read::GzDecoder::new(std::io::BufReader::new(file));
    tar::Archive::new(gzip).unpack(&folder).at("unpack", archive)?;
    let below = fs::read_dir(&folder).at("read", &folder)?.flatten().map(|entry| entry.path());
    let found = std::iter::once(folder.clone()).chain(below).find(|home| home.join("lib").is_dir());
    found.ok_or_else(|| {
        let message = format!("there is no `lib` in `{}`", archive.display());
        Error::input(vec![Problem::argument(Argument::FlinkFrom, message)])
    })
}

/// A distribution in the words of the plan.
pub(super) fn found(distribution: &Distribution) -> FoundFlink {
    let legal = ["licenses", "LICENSE", "NOTICE"];
    let is_there = |name: &&str| distribution.home.join(name).exists();
    FoundFlink {
        home: distribution.home.display().to_string(),
        lib: distribution.lib.clone(),
        opt: distribution.opt.clone(),
        plugins: distribution.plugins.clone(),
        legal: legal.into_iter().filter(is_there).map(str::to_owned).collect(),
    }
}
