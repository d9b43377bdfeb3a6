//! What a server offers.

/// An archive that a server has.
#[derive(Debug)]
pub(super) struct Offer {
    /// Its address.
    pub url: String,
    /// Its file name.
    pub name: String,
    /// Its checksum, in hex.
    pub sha256: String,
    /// Who published that.
    pub who: &'static str,
    /// The variable that names another server.
    pub variable: &'static str,
}
