//! What a Java must be built for to run here.

use std::path::Path;

/// Kind of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MachineKind {
    /// As Rust and package indexes name it: `x86_64`, `aarch64`.
    pub architecture: &'static str,
    /// Whether its C library is musl, as Alpine Linux has it, and not glibc.
    pub is_musl: bool,
}

impl MachineKind {
    /// This machine. The binary itself may be static: the loaders of programs tell what those here are linked to.
    pub(super) fn here() -> Self {
        let architecture = std::env::consts::ARCH;
        let loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
        let musl = format!("/lib/ld-musl-{architecture}.so.1");
        let has_glibc = loaders.iter().any(|path| Path::new(path).exists());
        Self { architecture, is_musl: !has_glibc && Path::new(&musl).exists() }
    }

    /// The architecture as Adoptium names it.
    pub(super) fn adoptium_architecture(self) -> &'static str {
        if self.architecture == "x86_64" { "x64" } else { self.architecture }
    }

    /// The system as Adoptium names it.
    pub(super) fn adoptium_system(self) -> &'static str {
        if self.is_musl { "alpine-linux" } else { "linux" }
    }
}
