//! What the tests of Nutkin share: a harness for the command line, a terminal with a person before it, golden files, a
//! faulty proxy for API servers, and recordings of Flink's own Kubernetes client.

pub mod api_proxy;
pub mod cli;
pub mod golden;
pub mod recording;
pub mod schema;
pub mod terminal;

pub use api_proxy::ApiProxy;
pub use cli::Test;
pub use golden::check_golden;
pub use terminal::Terminal;
