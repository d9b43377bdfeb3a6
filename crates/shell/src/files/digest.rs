//! Checksums of files, computed while they are written or read.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256, Sha512};

use crate::token::hex;

/// A running checksum.
#[derive(Debug, Clone)]
pub enum Digest {
    /// What indexes of packages and Nutkin itself use.
    Sha256(Sha256),
    /// What Apache publishes beside its releases.
    Sha512(Sha512),
}

impl Digest {
    /// A new SHA-256.
    pub fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    /// A new SHA-512.
    pub fn sha512() -> Self {
        Self::Sha512(Sha512::new())
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    /// The checksum as lower case hex.
    pub fn finish(self) -> String {
        match self {
            Self::Sha256(hash) => hex(&hash.finalize()),
            Self::Sha512(hash) => hex(&hash.finalize()),
        }
    }
}

/// Whether a text is a SHA-256 in hex. One that came from elsewhere becomes a file name: nothing else may.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// SHA-256 of some bytes as hex.
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file as hex.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut digest = Digest::sha256();
    copy(&mut File::open(path)?, &mut io::sink(), |bytes| digest.update(bytes))?;
    Ok(digest.finish())
}

/// Copies everything and shows each piece to `seen`. Returns the number of bytes.
///
/// # Errors
/// Of the reader or the writer, or of `seen` by way of a reader that stops.
pub fn copy(
    reader: &mut dyn Read,
    writer: &mut dyn Write,
    mut seen: impl FnMut(&[u8]),
) -> io::Result<u64> {
    // Large enough that system calls do not count, small enough for a thread's stack neighbours.
    let mut buffer = vec![0; 128 << 10];
    let mut total = 0;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        writer.write_all(&buffer[..read])?;
        seen(&buffer[..read]);
        total += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_checksums() {
        // FIPS 180-2, appendix: the message "abc".
        assert_eq!(
            sha256_of(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let mut sha512 = Digest::sha512();
        sha512.update(b"a");
        sha512.update(b"bc");
        assert!(sha512.finish().starts_with("ddaf35a193617abacc417349ae204131"));
    }
}
