//! Programs that go into an image: Nutkin itself, and what people type into a container.

use std::fs;
use std::path::PathBuf;

use nutkin_flink::{Argument, Problem};

use super::base::Loaded;
use super::{Options, libraries};
use nutkin_shell::files::At;
use nutkin_shell::{Context, Error};

/// Our own binary. A static one runs on every base; one with libraries brings them along, or needs a base that
/// has them.
///
/// # Errors
/// `--binary` is not a program.
pub(super) fn binary(options: &Options) -> Result<Option<PathBuf>, Error> {
    if options.keep_entrypoint {
        return Ok(None);
    }
    let path = match &options.binary {
        Some(path) => path.clone(),
        None => std::env::current_exe()?,
    };
    let data = fs::read(&path).at("read", &path)?;
    if libraries::linked(&data).is_none() {
        let message = format!("`{}` is not a program for Linux", path.display());
        return Err(Error::input(vec![Problem::argument(Argument::Binary, message)]));
    }
    Ok(Some(path))
}

/// Programs of this machine by name or path: place in the image, file.
///
/// # Errors
/// All that are not there.
pub(super) fn named(
    words: &[String],
    context: &Context<'_>,
) -> Result<Vec<(String, PathBuf)>, Error> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for word in words {
        let place = if word.starts_with('/') {
            Some(PathBuf::from(word)).filter(|path| path.is_file())
        } else {
            context.environment.program(word)
        };
        match place.as_deref().map(|place| (place, fs::canonicalize(place))) {
            Some((place, Ok(file))) => found.push((place.display().to_string(), file)),
            _ => problems.push(
                Problem::argument(
                    Argument::Program,
                    format!("there is no `{word}` on this machine"),
                )
                .hint("give its path"),
            ),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::input(problems)) }
}

/// Checks that a base can start what is copied from this machine.
///
/// # Errors
/// All that it cannot start.
pub(super) fn linkers_are_there(programs: &[PathBuf], loaded: &Loaded) -> Result<(), Error> {
    let mut problems = Vec::new();
    for program in programs {
        let said = fs::read(program).ok().and_then(|data| libraries::linked(&data));
        let Some(linker) = said.and_then(|said| said.interpreter) else { continue };
        if !loaded.base.has(&linker) {
            let message =
                format!("the base has no `{linker}`, which `{}` needs", program.display());
            problems.push(Problem::argument(Argument::Base, message).hint(Argument::Base.within(
                "take a base with glibc, a Java made for this base, or no base (",
                " none)",
            )));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::input(problems)) }
}
