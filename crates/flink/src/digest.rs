//! A short name for a content.

use sha2::{Digest, Sha256};

/// Bytes of a hash that are shown: 16 hex digits tell two contents of one session apart.
const SHOWN: usize = 8;

/// The first 16 hex digits of SHA-256 over a text.
pub fn short(text: impl AsRef<[u8]>) -> String {
    short_of(&Sha256::digest(text))
}

/// The first 16 hex digits of a hash that was made piece by piece.
pub fn short_of(hash: &[u8]) -> String {
    hash.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect()
}
