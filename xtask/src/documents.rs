//! The documents: what a person reads must be short enough, lead somewhere, and have Rust that compiles.
//!
//! The page on contributing says what is demanded of a text; this is the part of it that a program can check.

mod comments;
mod excerpts;
mod paths;
mod prose;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::changelog::{CHANGELOG, Changelog};
use excerpts::Sources;
use prose::Page;

/// Most columns of a line of prose.
const WIDTH: usize = 120;
/// Documents that are read as a whole, with the most lines and words that they may have.
const BUDGETS: [(&str, usize, usize); 2] = [("README.md", 130, 1_000), ("ARCHITECTURE.md", 100, 1_500)];
/// Other documents at the top.
const OTHERS: [&str; 3] = ["CONTRIBUTING.md", "SECURITY.md", CHANGELOG];
/// Where the book is.
const BOOK: &str = "docs/book";

/// What was counted and what was found.
#[derive(Debug, Default)]
pub struct Documents {
    counts: Vec<(PathBuf, Counts)>,
    pub findings: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Counts {
    lines: usize,
    words: usize,
    longest: usize,
}

/// Reads and checks everything.
///
/// # Errors
/// A file that cannot be read, with its path.
pub fn check(root: &Path) -> Result<Documents, (PathBuf, std::io::Error)> {
    let mut documents = Documents::default();
    let read = |path: &Path| std::fs::read_to_string(root.join(path)).map_err(|error| (path.to_owned(), error));
    let book = files(root, Path::new(BOOK), "md")?;
    let sources = Sources::read(root)?;
    let tops = BUDGETS.iter().map(|(name, ..)| *name).chain(OTHERS).map(PathBuf::from);
    for path in tops.chain(book.iter().cloned()) {
        let text = read(&path)?;
        let page = Page::of(&text);
        let folder = path.parent().unwrap_or(Path::new(""));
        let exists = |place: &Path| root.join(place).exists();
        let mut found = page.findings(WIDTH);
        found.extend(page.lost_links(&|place| root.join(folder).join(place).exists()));
        found.extend(paths::lost(&text, &exists).iter().map(|lost| format!("names {lost}, which is not there")));
        found.extend(page.rust_blocks().filter(|block| !sources.contain(block)).map(|block| {
            let first = block.lines().next().unwrap_or_default();
            format!("has Rust that no compiled file has, beginning with {first:?}")
        }));
        let counts = page.counts();
        let budget = BUDGETS.iter().find(|(name, ..)| Path::new(name) == path);
        found.extend(budget.filter(|(_, lines, words)| counts.lines > *lines || counts.words > *words).map(
            |(_, lines, words)| {
                format!("has {} lines and {} words, at most {lines} and {words} are read", counts.lines, counts.words)
            },
        ));
        documents.findings.extend(found.into_iter().map(|finding| format!("{}: {finding}", path.display())));
        documents.counts.push((path, counts));
    }
    if let Err(error) = Changelog::read(&read(Path::new(CHANGELOG))?) {
        documents.findings.push(format!("{CHANGELOG}: {error}"));
    }
    let summary = read(Path::new("docs/book/SUMMARY.md"))?;
    let unlisted = book.iter().filter(|page| {
        let place = page.strip_prefix(BOOK).unwrap_or(page).display().to_string();
        place != "SUMMARY.md" && !summary.contains(&format!("({place})"))
    });
    documents.findings.extend(unlisted.map(|page| format!("{} is not in the book's summary", page.display())));
    for path in files(root, Path::new(""), "rs")? {
        let text = read(&path)?;
        let found = comments::findings(&text);
        documents.findings.extend(found.map(|(line, what)| format!("{}:{line}: {what}", path.display())));
    }
    Ok(documents)
}

impl fmt::Display for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<52} {:>6} {:>6} {:>8}", "document", "lines", "words", "longest")?;
        let mut sum = (0, 0);
        for (path, Counts { lines, words, longest }) in &self.counts {
            writeln!(f, "{:<52} {lines:>6} {words:>6} {longest:>8}", path.display().to_string())?;
            sum = (sum.0 + lines, sum.1 + words);
        }
        write!(f, "{:<52} {:>6} {:>6}", "all", sum.0, sum.1)
    }
}

/// The files below a folder with such an ending, as paths from the root, in order.
fn files(root: &Path, folder: &Path, ending: &str) -> Result<Vec<PathBuf>, (PathBuf, std::io::Error)> {
    let mut found = Vec::new();
    let in_folder = |error| (folder.to_owned(), error);
    let entries = std::fs::read_dir(root.join(folder)).map_err(in_folder)?;
    for entry in entries {
        let entry = entry.map_err(in_folder)?;
        let path = folder.join(entry.file_name());
        let is_built = entry.file_name().to_string_lossy().starts_with('.') || entry.file_name() == "target";
        if entry.file_type().map_err(in_folder)?.is_dir() {
            if !is_built {
                found.extend(files(root, &path, ending)?);
            }
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
