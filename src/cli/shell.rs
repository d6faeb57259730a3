//! What a shell and a reader of manuals want of the command line itself.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::CliError;

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell that they are for
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder for the pages; created if it is missing
    folder: PathBuf,
}

/// Writes completions to standard output.
pub(super) fn completions(args: &CompletionsArgs, mut command: Command) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "seriatim", &mut text);
    print!("{}", String::from_utf8_lossy(&text));
    ExitCode::SUCCESS
}

/// Writes a manual page for the command and one for each subcommand.
pub(super) fn man(args: &ManArgs, command: Command) -> Result<ExitCode, CliError> {
    let folder = &args.folder;
    let wrong = |source| CliError::Write { path: folder.clone(), source };
    std::fs::create_dir_all(folder).map_err(wrong)?;
    clap_mangen::generate_to(command, folder).map_err(wrong)?;
    println!("manual pages in {}: man -l {}", folder.display(), folder.join("seriatim.1").display());
    Ok(ExitCode::SUCCESS)
}
