//! What the store holds: releases of Flink, and Javas to run them on.

use std::fmt;
use std::str::FromStr;

use nutkin_flink::FlinkVersion;

/// Something that is installed as a whole. The order is that of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Product {
    /// A release of Flink.
    Flink(FlinkVersion),
    /// A Java of this major version.
    Java(u8),
}

impl Product {
    /// Its folder: `flink-1.20.5`, as Apache's archives name theirs, or `java-17`.
    pub(super) fn folder(self) -> String {
        match self {
            Self::Flink(version) => format!("flink-{version}"),
            Self::Java(major) => format!("java-{major}"),
        }
    }

    /// What a folder holds; `None` for one of another name.
    pub(super) fn of_folder(name: &str) -> Option<Self> {
        match name.strip_prefix("flink-") {
            Some(version) => version.parse().ok().map(Self::Flink),
            None => java(name),
        }
    }
}

/// `java-17`.
fn java(name: &str) -> Option<Product> {
    name.strip_prefix("java-")?.parse().ok().map(Product::Java)
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flink(version) => write!(f, "Flink {version}"),
            Self::Java(major) => write!(f, "Java {major}"),
        }
    }
}

impl FromStr for Product {
    type Err = nutkin_flink::version::UnknownVersion;

    /// `java-17`, otherwise a release of Flink as [`FlinkVersion`] reads it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match java(text) {
            Some(product) => Ok(product),
            None => text.parse().map(Self::Flink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>, folder: Option<&str>) {
        let product = text.parse::<Product>().ok();
        assert_eq!(product.map(|product| product.to_string()).as_deref(), expected, "{text}");
        assert_eq!(product.map(Product::folder).as_deref(), folder, "{text}");
        assert_eq!(folder.and_then(Product::of_folder), product, "{text}");
    }

    #[test]
    fn names() {
        check("1.20.5", Some("Flink 1.20.5"), Some("flink-1.20.5"));
        check("java-17", Some("Java 17"), Some("java-17"));
        check("java-seventeen", None, None);
        check("17", None, None);
    }
}
