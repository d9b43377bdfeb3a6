//! The checksum that a package index publishes in pages of JSON (PEP 691). pip compares it and does not tell it; in pages
//! of HTML it is part of the link.

use reqwest::Url;
use reqwest::header::ACCEPT;
use serde_json::Value;

use nutkin_rest::http;
use nutkin_shell::files::digest::is_sha256;

/// What such a page is called.
pub(super) const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// The SHA-256 checksum of a link of a page, in hex; nothing where the page cannot be had without pip's passwords and
/// certificates, or says nothing.
pub(super) async fn published(page: &str, link: &str) -> Option<String> {
    let request = http::client().ok()?.get(page).header(ACCEPT, JSON);
    let text = http::open(request, page).await.ok()?.text().await.ok()?;
    checksum(page, link, &text)
}

fn checksum(page: &str, link: &str, text: &str) -> Option<String> {
    let (page, link) = (Url::parse(page).ok()?, Url::parse(link).ok()?);
    let document: Value = serde_json::from_str(text).ok()?;
    let is_meant = |file: &&Value| {
        file["url"].as_str().is_some_and(|url| page.join(url).is_ok_and(|url| url == link))
    };
    let file = document["files"].as_array()?.iter().find(is_meant)?;
    let hex = file["hashes"]["sha256"].as_str()?;
    is_sha256(hex).then(|| hex.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, link: &str, expected: Option<&str>) {
        let found = checksum("https://index.example/simple/p/", link, text);
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
    }
}
