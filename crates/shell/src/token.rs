//! Random names that nobody guesses, in hex.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};

/// So many random bytes as lower case hex digits, two for each.
///
/// # Errors
/// The system gives no random bytes.
pub fn random<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0_u8; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Lower case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_for_each_byte() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
        let token = random::<16>().unwrap();
        assert_eq!(token.len(), 32);
        assert_ne!(token, random::<16>().unwrap());
    }
}
