//! Images that were built without the daemon, brought into it.

use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _};
use nutkin_shell::files::At as _;
use nutkin_shell::{Environment, Error};
use tokio_util::io::ReaderStream;

use super::{connect, failure};

/// Bytes that are read at once: an image has hundreds of megabytes.
const PIECE: usize = 1 << 20;

/// Loads an archive, as `docker load` does.
///
/// # Errors
/// There is no daemon, or it refuses.
pub async fn archive(path: &Path, environment: &Environment) -> Result<(), Error> {
    let docker = connect(environment).await?;
    let file = tokio::fs::File::open(path).await.at("read", path)?;
    let stream = ReaderStream::with_capacity(file, PIECE);
    let options = bollard::query_parameters::ImportImageOptions::default();
    let answers = docker.import_image_stream(options, stream, None);
    let done = answers.map(|answer| answer.map(drop)).try_collect::<()>().await;
    done.map_err(|error| failure(&error))
}
