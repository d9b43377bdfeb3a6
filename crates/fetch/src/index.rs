//! Pages of a package index: which files it has of a package, and their checksums. pip compares these and tells those only
//! that are part of a link.

use reqwest::Url;
use reqwest::header::ACCEPT;
use serde_json::Value;

use nutkin_rest::http::{self, DownloadError};
use nutkin_shell::files::digest::is_sha256;

/// What such a page is called.
pub(crate) const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// The SHA-256 checksum of a link of a page, in hex; nothing where the page cannot be had without pip's passwords and
/// certificates, or says nothing.
pub(crate) async fn published(page: &str, link: &str) -> Option<String> {
    checksum(of_page(page).await.ok()?, link)
}

fn checksum(files: Vec<IndexFile>, link: &str) -> Option<String> {
    let link = Url::parse(link).ok()?;
    files.into_iter().find(|file| file.url == link)?.sha256
}

/// All files of the page of a package.
///
/// # Errors
/// The page cannot be had without pip's passwords and certificates.
pub(crate) async fn of_page(page: &str) -> Result<Vec<IndexFile>, DownloadError> {
    let request = http::client()?.get(page).header(ACCEPT, format!("{JSON}, text/html;q=0.1"));
    let response = http::open(request, page).await?;
    // Where it was sent to: links count from there.
    let address = response.url().clone();
    Ok(files(&address, &http::text_of(response, page).await?))
}

/// A file that an index has of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexFile {
    /// Its address.
    pub url: Url,
    /// Its SHA-256 checksum in hex; `None` where the index states none.
    pub sha256: Option<String>,
    /// Withdrawn by who published it (PEP 592).
    pub is_yanked: bool,
}

impl IndexFile {
    fn new(url: Url, sha256: Option<&str>, is_yanked: bool) -> Self {
        let sha256 = sha256.filter(|hex| is_sha256(hex)).map(str::to_ascii_lowercase);
        Self { url, sha256, is_yanked }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.url.path().rsplit('/').next().unwrap_or_default()
    }
}

/// All files of a page, in its order: JSON (PEP 691), or HTML (PEP 503), which is what other servers than PyPI may have.
pub(crate) fn files(page: &Url, text: &str) -> Vec<IndexFile> {
    match serde_json::from_str::<Value>(text) {
        Ok(document) => of_json(page, &document),
        Err(_) => of_html(page, text),
    }
}

fn of_json(page: &Url, document: &Value) -> Vec<IndexFile> {
    let files = document["files"].as_array().into_iter().flatten();
    files
        .filter_map(|file| {
            let url = page.join(file["url"].as_str()?).ok()?;
            // A text says why.
            let is_yanked = !matches!(file["yanked"], Value::Null | Value::Bool(false));
            Some(IndexFile::new(url, file["hashes"]["sha256"].as_str(), is_yanked))
        })
        .collect()
}

fn of_html(page: &Url, text: &str) -> Vec<IndexFile> {
    text.split("<a ")
        .skip(1)
        .filter_map(|link| {
            let (_, rest) = link.split_once("href=\"")?;
            let (address, rest) = rest.split_once('"')?;
            let attributes = rest.split('>').next().unwrap_or_default();
            let mut url = page.join(&address.replace("&amp;", "&")).ok()?;
            let fragment = url.fragment().map(str::to_owned);
            url.set_fragment(None);
            let sha256 = fragment.as_deref().and_then(|text| text.strip_prefix("sha256="));
            Some(IndexFile::new(url, sha256, attributes.contains("data-yanked")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[track_caller]
    fn check(text: &str, link: &str, expected: Option<&str>) {
        let page = "https://index.example/simple/p/".parse().unwrap();
        let found = checksum(files(&page, text), link);
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn the_file_that_the_link_leads_to() {
        let hex = "AB".repeat(32);
        let file = |url: &str, sha256: &str| json!({"url": url, "hashes": {"sha256": sha256}});
        let files = [
            file("https://files.example/p-1.tar.gz", &hex),
            file("../../p-2.tar.gz", &hex),
            file("https://files.example/p-3.tar.gz", "ab"),
            json!({"url": "https://files.example/p-4.tar.gz", "hashes": {}}),
        ];
        let text = json!({"files": files}).to_string();
        let hex = hex.to_lowercase();
        check(&text, "https://files.example/p-1.tar.gz", Some(&hex));
        check(&text, "https://index.example/p-2.tar.gz", Some(&hex));
        check(&text, "https://other.example/p-1.tar.gz", None);
        check(&text, "https://files.example/p-3.tar.gz", None);
        check(&text, "https://files.example/p-4.tar.gz", None);
        check("no JSON", "https://files.example/p-1.tar.gz", None);
        let link = format!("<a href=\"../../p-5.tar.gz#sha256={hex}\">p-5.tar.gz</a>");
        check(&link, "https://index.example/p-5.tar.gz", Some(&hex));
    }

    #[tokio::test]
    async fn links_count_from_where_the_page_is() {
        let (server, hex) = (MockServer::start().await, "ab".repeat(32));
        let address = server.uri();
        let moved = ResponseTemplate::new(302).insert_header("Location", "/there/simple/p/");
        let text = json!({"files": [{"url": "../../p-1.tar.gz", "hashes": {"sha256": hex}}]});
        let page = ResponseTemplate::new(200).set_body_json(text);
        Mock::given(path("/simple/p/")).respond_with(moved).mount(&server).await;
        Mock::given(path("/there/simple/p/")).respond_with(page).mount(&server).await;
        for (asked, link, expected) in [
            ("simple/p/", "there/p-1.tar.gz", Some(&hex)),
            ("simple/p/", "p-1.tar.gz", None),
            ("there/simple/p/", "there/p-1.tar.gz", Some(&hex)),
        ] {
            let (page, link) = (format!("{address}/{asked}"), format!("{address}/{link}"));
            assert_eq!(published(&page, &link).await.as_ref(), expected, "{page} {link}");
        }
    }
}
