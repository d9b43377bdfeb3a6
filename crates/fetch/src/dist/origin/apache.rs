//! Apache's archive of all releases.

use std::path::Path;

use nutkin_flink::FlinkVersion;
use nutkin_flink::artifact::masked_url;

use super::Fetched;
use crate::download;
use nutkin_rest::http::{self, DownloadError};
use nutkin_shell::Context;
use nutkin_shell::files::Digest;
use nutkin_shell::{Error, Kind};

/// Holds every release since 1.0, and its checksum beside it.
const ARCHIVE: &str = "https://archive.apache.org/dist/flink";

/// Another address with the same folders, such as a company's mirror.
const MIRROR: &str = "NUTKIN_APACHE_ARCHIVE";

pub(super) async fn fetch(
    version: FlinkVersion,
    context: &Context<'_>,
    folder: &Path,
) -> Result<Fetched, Error> {
    let root = context.environment.text(MIRROR).unwrap_or(ARCHIVE).trim_end_matches('/');
    // Of the two Scala versions of older releases the one that all releases have.
    let name = format!("flink-{version}-bin-scala_2.12.tgz");
    let url = format!("{root}/flink-{version}/{name}");
    let client = http::client()?;
    // The small file first: whether the server can be reached is known at once.
    let sums = http::text(&client, &format!("{url}.sha512")).await.map_err(explained)?;
    let Some(expected) = checksum(&sums) else {
        let message = format!("{}.sha512 holds no checksum", masked_url(&url));
        return Err(Error::new(Kind::Broken, message)
            .hint("a proxy may have answered with a page of its own: look at the address"));
    };
    let path = folder.join(&name);
    download::checked(&url, &path, Digest::sha512(), &expected, context)
        .await
        .map_err(explained)?;
    let published = Some((format!("sha512:{expected}"), "Apache's archive".to_owned()));
    Ok(Fetched::Archive { path, published })
}

/// The checksum in a `.sha512` file: `<hex>  <name>`, or groups of digits as `gpg --print-md` writes.
pub(super) fn checksum(text: &str) -> Option<String> {
    let text = text.split_once(": ").map_or(text, |(_, digits)| digits);
    let first = text.split_whitespace().next()?;
    let hex = if first.len() == 128 {
        first.to_lowercase()
    } else {
        text.split_whitespace().collect::<String>().to_lowercase()
    };
    (hex.len() == 128 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hex)
}

fn explained(error: DownloadError) -> Error {
    download::explained(error, "Apache's archive", MIRROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums() {
        let hex = "0a".repeat(64);
        let grouped = format!("x.tgz: {}\n {}", &hex[..64].to_uppercase(), &hex[64..]);
        for text in [format!("{hex}  flink.tgz\n"), format!("{hex}\n"), grouped] {
            assert_eq!(checksum(&text), Some(hex.clone()), "{text}");
        }
        for text in ["", "<html>", &hex[1..], &format!("{}zz x", &hex[2..])] {
            assert_eq!(checksum(text), None, "{text}");
        }
    }
}
