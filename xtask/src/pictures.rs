//! Pictures of the terminal and of the page: what a command prints, as SVG, and the page that it writes, with a picture of that
//! taken by a browser. Made by a chore, so that they are what the command makes now.

use std::path::{Path, PathBuf};

use crate::process::{Run, RunError};

/// Commands with the files that show them. Each prints the same every time.
const SESSIONS: [(&str, &str); 1] = [("demo", "docs/book/images/demo.svg")];

/// The page that the demonstration writes, as it lies in the book.
const PAGE: &str = "docs/book/images/report.html";
/// A browser's picture of it, and the digest of the page that it was taken of: browsers differ by a pixel, pages do not.
const SHOT: &str = "docs/book/images/report.png";
const SHOT_OF: &str = "docs/book/images/report.png.of";
/// What the browser is called on different systems.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];
/// Width and height of the picture.
const WINDOW: &str = "1400,1480";

#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("{SHOT} is not of {PAGE} as it is now: `cargo xtask pictures` takes it anew, with chromium installed")]
    StaleShot,
    #[error("none of {BROWSERS:?} is here to take {SHOT}")]
    NoBrowser,
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
    page(root, check)
}

/// Writes the page and takes its picture, or compares both.
fn page(root: &Path, check: bool) -> Result<(), PictureError> {
    let in_place = |path: &str| {
        let path = PathBuf::from(path);
        move |source| PictureError::File { path, source }
    };
    let in_temp = |source| PictureError::File { path: std::env::temp_dir(), source };
    let folder = tempfile::tempdir().map_err(in_temp)?;
    let written = folder.path().join("report.html");
    // From the root of the sources: the page shows lines of them.
    seriatim(root).args(["demo", "--html"]).arg(written.display().to_string()).output(root)?;
    let html = std::fs::read_to_string(&written).map_err(in_temp)?;
    let digest = blake3::hash(html.as_bytes()).to_hex().to_string() + "\n";
    if check {
        let page = std::fs::read_to_string(root.join(PAGE)).map_err(in_place(PAGE))?;
        if page != html {
            return Err(PictureError::Stale { path: PAGE.into(), command: "demo" });
        }
        let taken_of = std::fs::read_to_string(root.join(SHOT_OF)).map_err(in_place(SHOT_OF))?;
        return if taken_of == digest { Ok(()) } else { Err(PictureError::StaleShot) };
    }
    std::fs::write(root.join(PAGE), &html).map_err(in_place(PAGE))?;
    let shoot = |browser: &str| {
        let options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"];
        let shot = format!("--screenshot={}", root.join(SHOT).display());
        let window = format!("--window-size={WINDOW}");
        let page = format!("file://{}", written.display());
        Run::default().arg(browser).args(options).arg(window).arg(shot).arg(page).output(folder.path()).is_ok()
    };
    if !BROWSERS.into_iter().any(shoot) {
        return Err(PictureError::NoBrowser);
    }
    std::fs::write(root.join(SHOT_OF), digest).map_err(in_place(SHOT_OF))
}

/// The command, which [`picture`] has built.
fn seriatim(root: &Path) -> Run {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Run::default().arg(target.join("release/seriatim").display().to_string())
}

fn picture(root: &Path, command: &str) -> Result<String, PictureError> {
    let in_temp = |source| PictureError::File { path: std::env::temp_dir(), source };
    let folder = tempfile::tempdir().map_err(in_temp)?;
    let manifest = root.join("Cargo.toml").display().to_string();
    let build = Run::of("cargo build --quiet --release --locked --package seriatim --bin seriatim --manifest-path");
    build.arg(manifest).run(root)?;
    let shown =
        seriatim(root).args(command.split_whitespace()).variable("CLICOLOR_FORCE", "1").output(folder.path())?;
    let session = format!("\x1b[1m$ seriatim {command}\x1b[0m\n{shown}");
    Ok(anstyle_svg::Term::new().render_svg(&session))
}
