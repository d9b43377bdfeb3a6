//! The flags that open the modules of Java 17 and later to Flink.

use nutkin_flink::process::{module_flags, opens_modules};
use nutkin_flink::{Configuration, FlinkVersion, Origin, options};

/// What opens the modules of Java 17 and later to Flink, as an option. The configuration that Flink ships has it since 1.18,
/// and ours takes the place of that of the image. Flags of the user come behind it, unless they open modules themselves.
///
/// `config.sh` starts Java 8 with `-XX:+IgnoreUnrecognizedVMOptions`, so that the flags do no harm there.
pub(super) fn open(configuration: &mut Configuration, version: FlinkVersion) {
    let key = "env.java.opts.all";
    if !version.is_at_least(1, 18) {
        return;
    }
    let set = options::lookup(configuration, key, version);
    let set = set.map(|(key, entry)| (key.to_owned(), entry.value.to_string()));
    let flags = module_flags();
    let (key, value) = match set {
        Some((_, own)) if opens_modules(&own) => return,
        Some((key, own)) => (key, format!("{flags} {own}")),
        None => (key.to_owned(), flags),
    };
    let reason =
        Origin::Derived("what opens Java's modules, as in the configuration that Flink ships");
    configuration.set(key, value, reason);
}
