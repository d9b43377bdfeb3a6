//! The flags that open the modules of Java 17 and later in pods.

use super::settings::Settings;
use crate::plan::modules;
use crate::session::Session;

/// Opens the modules, see [`modules::open`]. A configuration directory is Flink's own, and is taken as it is.
pub(super) fn open(session: &Session, settings: &mut Settings) {
    if session.conf_dir.is_none() {
        modules::open(&mut settings.configuration, settings.version);
    }
}
