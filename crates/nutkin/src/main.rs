//! The `nutkin` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    nutkin::main()
}
