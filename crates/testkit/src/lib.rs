//! What the tests of Nutkin share: harnesses for the command line, a terminal with a person before it, golden files, API
//! servers and daemons that live in the test, a faulty proxy for real ones, and recordings of Flink's own Kubernetes client.

pub mod api_proxy;
pub mod cli;
pub mod clients;
pub mod golden;
pub mod recording;
pub mod run;
pub mod scenario;
pub mod schema;
pub mod terminal;

pub use api_proxy::ApiProxy;
pub use cli::Test;
pub use golden::{check_golden, golden_difference};
pub use run::{Finished, Running, eventually, eventually_or, side_by_side};
pub use terminal::Terminal;
