//! Inputs that once broke a promise of a reader, and the fuzz targets that found them.

use nutkin_any_bytes::TARGETS;

/// Inputs that broke a promise once, by the name of their target: `fuzz/regressions/<target>/<anything>`.
#[test]
fn regressions() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions");
    let mut count = 0;
    for (name, run) in TARGETS {
        let Ok(entries) = std::fs::read_dir(root.join(name)) else { continue };
        for entry in entries {
            run(&std::fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
    }
    assert!(0 < count, "no regressions below {}", root.display());
}

/// Each target has a file that cargo-fuzz builds.
#[test]
fn every_reader_has_its_fuzz_target() {
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let text = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(text.contains(&format!("nutkin_any_bytes::{name}(data)")), "{name}");
    }
}
