//! Pictures of the terminal: what a command prints, as SVG. Made by a chore, so that they are what the command prints now.

use std::path::{Path, PathBuf};

use crate::process::{Run, RunError};

/// Commands with the files that show them. Each prints the same every time.
const SESSIONS: [(&str, &str); 1] = [("demo", "docs/book/images/demo.svg")];

#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{} is not what `seriatim {command}` prints now: `cargo xtask pictures` makes it anew", path.display())]
    Stale { path: PathBuf, command: &'static str },
}

/// Makes all pictures; or, if they are only to be checked, compares them.
pub fn make(root: &Path, check: bool) -> Result<(), PictureError> {
    for (command, path) in SESSIONS {
        let path = PathBuf::from(path);
        let svg = picture(root, command)?;
        let place = root.join(&path);
        let in_place = |source| PictureError::File { path: path.clone(), source };
        if !check {
            std::fs::write(&place, svg).map_err(in_place)?;
        } else if std::fs::read_to_string(&place).map_err(in_place)? != svg {
            return Err(PictureError::Stale { path, command });
        }
    }
    Ok(())
}

fn picture(root: &Path, command: &str) -> Result<String, PictureError> {
    let in_temp = |source| PictureError::File { path: std::env::temp_dir(), source };
    let folder = tempfile::tempdir().map_err(in_temp)?;
    let manifest = root.join("Cargo.toml").display().to_string();
    let build = Run::of("cargo build --quiet --release --locked --package seriatim --bin seriatim --manifest-path");
    build.arg(manifest).run(root)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = Run::default().arg(target.join("release/seriatim").display().to_string());
    let shown = program.args(command.split_whitespace()).variable("CLICOLOR_FORCE", "1").output(folder.path())?;
    let session = format!("\x1b[1m$ seriatim {command}\x1b[0m\n{shown}");
    Ok(anstyle_svg::Term::new().render_svg(&session))
}
