//! The subject that is written in Python, where Python is installed.

use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The command of Python, or nothing where it is missing: a test then skips what needs it, and this says so.
pub fn python3() -> Option<&'static str> {
    static FOUND: LazyLock<bool> = LazyLock::new(|| {
        let mut command = Command::new("python3");
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    if !*FOUND {
        println!("skipped: this needs python3, which is not installed");
    }
    FOUND.then_some("python3")
}
