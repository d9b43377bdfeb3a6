//! Packs the relocations of the binary where its C library can read that.
//!
//! A position-independent binary has some 24,000 relative relocations. As `RELA` they are 570 KiB, which every command reads
//! when it starts; as `RELR` they are a few. glibc reads that from 2.36 on (its release notes: `DT_RELR`), and a binary
//! that has it refuses to start on an older one. So it is asked which one is here, and a build for another machine is
//! left as it is.

use std::process::Command;

/// The first glibc that reads `RELR`.
const READS_RELR: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let is_here = variable("HOST") == variable("TARGET");
    let is_glibc =
        variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    if is_here && is_glibc && glibc().is_some_and(|here| READS_RELR <= here) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Version of the C library of this machine; `getconf` says `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    // Of `2.36.1` the first two numbers count.
    let minor = minor.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
