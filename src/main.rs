//! The command. Everything is in the library; this maps its conclusion to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    seriatim::cli::main()
}
