//! The three packages. Each has the same bytes whenever it is made from the same parts: no times, no owners.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::{Item, Parts};

/// `nutkin-0.1.0-x86_64-linux.tar.gz`: everything in one folder.
pub(super) fn tar_gz(parts: &Parts, output: &Path) -> Result<PathBuf> {
    let folder = format!("nutkin-{}-{}-linux", parts.version, parts.architecture);
    let within = |item: &Item, below: &str| item.at(format!("{folder}/{below}{}", item.name));
    let mut items = vec![within(&parts.program, "")];
    items.extend(parts.texts.iter().map(|item| within(item, "")));
    items.extend(parts.pages.iter().map(|item| within(item, "man/man1/")));
    items.extend(parts.completions.iter().map(|item| within(item, "completions/")));
    let path = output.join(format!("{folder}.tar.gz"));
    fs::write(&path, tarred(&items)?)?;
    Ok(path)
}

/// `nutkin_0.1.0_amd64.deb`: deb(5), an archive of `ar` with three members.
pub(super) fn deb(parts: &Parts, output: &Path) -> Result<PathBuf> {
    let architecture = match parts.architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mut items = vec![parts.program.at("./usr/bin/nutkin")];
    // The licence of Nutkin first, as the policy wants it in `copyright`.
    for item in &parts.texts {
        let name = if item.name == "LICENSE" { "copyright" } else { &item.name };
        items.push(item.at(format!("./usr/share/doc/nutkin/{name}")));
    }
    for item in &parts.pages {
        let content = gzipped(&item.content)?;
        let name = format!("./usr/share/man/man1/{}.gz", item.name);
        items.push(Item { name, content, is_program: false });
    }
    for item in &parts.completions {
        let folder = match item.name.as_str() {
            "nutkin.bash" => "bash-completion/completions/nutkin",
            "_nutkin" => "zsh/vendor-completions/_nutkin",
            _ => "fish/vendor_completions.d/nutkin.fish",
        };
        items.push(item.at(format!("./usr/share/{folder}")));
    }
    let kilobytes = items.iter().map(|item| item.content.len()).sum::<usize>() / 1024;
    let control = format!(
        "Package: nutkin\nVersion: {}\nArchitecture: {architecture}\nMaintainer: Nutkin\nInstalled-Size: {kilobytes}\n\
         Section: utils\nPriority: optional\nDescription: Apache Flink session clusters anywhere\n Sessions as processes of \
         this machine, as containers, or on Kubernetes.\n",
        parts.version
    );
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", tarred(&[Item::text("./control", control)])?),
        ("data.tar.gz", tarred(&items)?),
    ];
    let mut archive = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let length = content.len();
        archive.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{length:<10}`\n", 0, 0, 0, 100_644).bytes(),
        );
        archive.extend(content);
        if length % 2 == 1 {
            archive.push(b'\n');
        }
    }
    let path = output.join(format!("nutkin_{}_{architecture}.deb", parts.version));
    fs::write(&path, archive)?;
    Ok(path)
}

/// A wheel that puts the binary beside Python's programs: the binary distribution format, PEP 427. It is static, and so for
/// every C library.
pub(super) fn wheel(parts: &Parts, output: &Path) -> Result<PathBuf> {
    let Parts { version, architecture, .. } = parts;
    let systems = ["manylinux_2_17", "musllinux_1_1"].map(|name| format!("{name}_{architecture}"));
    let tag = format!("py3-none-{}", systems.join("."));
    let info = format!("nutkin-{version}.dist-info");
    let metadata = format!(
        "Metadata-Version: 2.1\nName: nutkin\nVersion: {version}\nSummary: Apache Flink session clusters anywhere\nLicense: \
         Apache-2.0\n"
    );
    let tags: String = systems.iter().map(|system| format!("Tag: py3-none-{system}\n")).collect();
    let about = format!("Wheel-Version: 1.0\nGenerator: nutkin\nRoot-Is-Purelib: false\n{tags}");
    let mut items = vec![
        parts.program.at(format!("nutkin-{version}.data/scripts/nutkin")),
        Item::text(format!("{info}/METADATA"), metadata),
        Item::text(format!("{info}/WHEEL"), about),
    ];
    let texts = parts
        .texts
        .iter()
        .filter(|item| ["LICENSE", "THIRD-PARTY.txt"].contains(&item.file_name()));
    items.extend(texts.map(|item| item.at(format!("{info}/licenses/{}", item.name))));
    let record = format!("{info}/RECORD");
    let lines = items.iter().map(|item| {
        let digest = url_safe_base64(&Sha256::digest(&item.content));
        format!("{},sha256={digest},{}\n", item.name, item.content.len())
    });
    let lines: String = lines.collect();
    items.push(Item::text(record.clone(), format!("{lines}{record},,\n")));

    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for item in items {
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .compression_method(zip::CompressionMethod::Deflated)
            .unix_permissions(if item.is_program { 0o755 } else { 0o644 });
        zip.start_file(item.name, options)?;
        zip.write_all(&item.content)?;
    }
    let path = output.join(format!("nutkin-{version}-{tag}.whl"));
    fs::write(&path, zip.finish()?.into_inner())?;
    Ok(path)
}

fn tarred(items: &[Item]) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for item in items {
        let mut header = tar::Header::new_ustar();
        header.set_size(item.content.len() as u64);
        header.set_mode(if item.is_program { 0o755 } else { 0o644 });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        tar.append_data(&mut header, &item.name, item.content.as_slice())?;
    }
    Ok(tar.into_inner()?.finish()?)
}

fn gzipped(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

/// Base64 for addresses, without padding (RFC 4648, section 5), as RECORD wants it.
fn url_safe_base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        // One letter more than there are bytes.
        for index in 0..=three.len() {
            text.push(LETTERS[(word >> (18 - 6 * index) & 63) as usize].into());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::url_safe_base64;

    #[test]
    fn base64_as_the_rfc_has_it() {
        for (text, expected) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")]
        {
            assert_eq!(url_safe_base64(text.as_bytes()), expected);
        }
    }
}
