//! Rust in documents: each block is an excerpt of a file that is compiled, so it compiles, too.

use std::io;
use std::path::{Path, PathBuf};

use super::files;

/// Where those files are.
const FOLDERS: [&str; 2] = ["examples", "tests"];

/// The lines of all those files, without indentation and without empty ones.
pub struct Sources(Vec<Vec<String>>);

impl Sources {
    pub fn read(root: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let mut sources = Vec::new();
        for folder in FOLDERS {
            for path in files(root, Path::new(folder), "rs")? {
                let text = std::fs::read_to_string(root.join(&path)).map_err(|error| (path, error))?;
                sources.push(lines(&text));
            }
        }
        Ok(Self(sources))
    }

    /// Whether one file has all lines of the block, one after the other.
    pub fn contain(&self, block: &str) -> bool {
        let wanted = lines(block);
        self.0.iter().any(|source| source.windows(wanted.len().max(1)).any(|window| window == wanted))
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_found_whatever_its_indentation_and_anything_else_is_not() {
        let sources = Sources(vec![lines("fn f() {\n    let a = 1;\n\n    let b = 2;\n}\n")]);
        assert!(sources.contain("  let a = 1;\n  let b = 2;\n"));
        assert!(!sources.contain("let a = 2;\n"));
        assert!(!sources.contain("let b = 2;\nlet a = 1;\n"));
    }
}
