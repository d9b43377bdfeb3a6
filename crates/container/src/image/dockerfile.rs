//! The same image as a Dockerfile.

use crate::image::{ENTRYPOINT, ImagePlan, Layer, PORTS};

/// A Dockerfile whose context has a tar file `<name>.tar` for each layer, which `ADD` unpacks with owners and
/// permissions. `base_layers` is how many tar files (`base-1.tar`...) a base gives that no registry has.
pub fn dockerfile(plan: &ImagePlan, base_layers: usize) -> String {
    let config = &plan.config;
    let mut text = String::from("# Written by `nutkin image build --print-dockerfile`.\n");
    match &config.base {
        Some((name, digest)) if base_layers == 0 => {
            let name = name.split_once('@').map_or(name.as_str(), |(name, _)| name);
            let digest = digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
            text.push_str(&format!("FROM {name}{digest}\n"));
        }
        _ => text.push_str("FROM scratch\n"),
    }
    for index in 1..=base_layers {
        text.push_str(&format!("ADD base-{index}.tar /\n"));
    }
    for (index, layer) in plan.layers.iter().enumerate() {
        text.push_str(&format!("# {}\nADD {} /\n", layer.text, file_name(index, layer)));
    }
    for (name, value) in &config.environment {
        text.push_str(&format!("ENV {name}={}\n", quoted(value)));
    }
    for (name, value) in &config.labels {
        text.push_str(&format!("LABEL {}={}\n", quoted(name), quoted(value)));
    }
    let ports = PORTS.map(|port| port.to_string()).join(" ");
    text.push_str(&format!("EXPOSE {ports}\nWORKDIR {}\n", config.directory));
    text.push_str(&format!("USER {}:{}\n", config.user.uid, config.user.gid));
    if config.has_entrypoint {
        text.push_str(&format!("ENTRYPOINT [\"{ENTRYPOINT}\"]\nCMD [\"help\"]\n"));
    }
    text
}

/// Name of a layer's tar file in the context.
pub fn file_name(index: usize, layer: &Layer) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    format!("{:02}-{}.tar", index + 1, layer.name.chars().map(plain).collect::<String>())
}

/// A value in double quotes; `$` would be a variable of the build.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if "\"\\$".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_are_quoted() {
        assert_eq!(super::quoted("a \"b\" $c \\"), "\"a \\\"b\\\" \\$c \\\\\"");
    }
}
