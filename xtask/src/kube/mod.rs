//! A real Kubernetes control plane for tests: etcd, kube-apiserver, kube-controller-manager and
//! kube-scheduler on loopback, with RBAC on, without root and without leftovers.
//!
//! `cargo xtask kube up|down|status`. No kubelet runs here: pods stay Pending.

mod binary;
mod control_plane;
mod pki;

use std::path::PathBuf;

use anyhow::Result;
pub(crate) use binary::Binaries;
pub(crate) use control_plane::ControlPlane;

/// `cargo xtask kube`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,

    /// Where the cluster keeps its files
    #[arg(long, global = true, default_value = "target/kube")]
    directory: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Build what is missing, start the control plane and print its kubeconfig
    Up,
    /// Stop it and remove its files
    Down,
    /// Say whether it runs
    Status,
}

/// Runs the task.
///
/// # Errors
/// When a part cannot be built or does not get ready, with the end of its log.
#[allow(clippy::print_stdout, reason = "a task talks to the developer")]
pub(crate) fn run(args: Args) -> Result<()> {
    let directory = std::path::absolute(&args.directory)?;
    match args.command {
        Command::Up => {
            let binaries = Binaries::ensure()?;
            let plane = ControlPlane::start(&binaries, &directory)?;
            println!("export KUBECONFIG={}", plane.kubeconfig().display());
            println!("# kubectl: {}", binaries.display("kubectl"));
        }
        Command::Down => {
            let stopped = ControlPlane::stop(&directory)?;
            println!("stopped {stopped} processes and removed `{}`", directory.display());
        }
        Command::Status => {
            for (part, alive) in ControlPlane::status(&directory) {
                println!("{part:<24} {}", if alive { "running" } else { "gone" });
            }
        }
    }
    Ok(())
}
