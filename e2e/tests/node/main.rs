//! Sessions in pods that run: one node for all tests, which `cargo xtask test node` starts and ends.
//!
//! A test takes a `World::new("what it is about")` of `nutkin_e2e::node`. It has
//! - a namespace of its own, `world.cluster.namespace`; `world.cluster` has `kubectl`, `apply`, `get` and `objects` as
//!   the administrator, as in the tests with an API server alone. The namespace goes with the world, pods at once;
//! - Nutkin in that namespace: `world.run(&["status", "a"])`, `world.ok(..)` where exit code 0 is expected, and
//!   `world.up("a", "1.20.5", &[..])`, which names the image and small sizes;
//! - images, always by a fixed tag: `image("1.20.5")` and `image("2.3.0")`, for `seeds` a third one. They hold bash, ls, cat and sleep. A pod that
//!   names another image, or `:latest`, never starts: there is no registry;
//! - files that this machine and pods see at the same path: `world.shared()`, a directory that everybody may write to,
//!   for a `hostPath`; `world.claim("data")` makes a claim (`ReadWriteMany`) of it, and `world.template()` and
//!   `world.template_with_claim("data")` the option that mounts it in both roles. Claims without a volume get one of the
//!   default storage class, which belongs to the node;
//! - ways in: `world.rest("a-rest")` asks a Service at its node port or cluster address, without Nutkin; node ports are at
//!   `address()`, and Service and pod addresses have routes from here. Pods reach this machine at `host()`;
//! - `world.crash(pod)`: a pod's end without any order;
//! - `world.pods("component=taskmanager")`, `world.eventually(..)`, which on its end prints pods, events and logs;
//! - `world.measured("to ready", ..)`: a figure of the table that ends the stage (columns: `xtask/src/test/report.rs`).
//!
//! Two tests run at once on two cores: three JVMs of a session are enough for one test.

mod changes;
mod failover;
mod hadoop;
mod lost;
mod moving;
mod native;
mod operator;
mod seeds;
mod standalone;
mod stateful_set;
