//! Paths that a document names: each leads somewhere, or a reader is sent to what is no longer there.

use std::path::Path;

/// Where the paths begin that are checked. Others, such as those of built files, are none of the tree's.
const FOLDERS: [&str; 11] = [
    ".github/",
    "benches/",
    "corpus/",
    "crates/",
    "docs/",
    "examples/",
    "fuzz/",
    "models/",
    "mutants/",
    "tests/",
    "xtask/",
];

/// The words of `text` between backticks that are paths of the tree and lead nowhere.
pub fn lost<'a>(text: &'a str, exists: &dyn Fn(&Path) -> bool) -> Vec<&'a str> {
    let is_path = |word: &&str| {
        let is_one_word = !word.contains(|character: char| character.is_whitespace() || "*<>".contains(character));
        // A capitalised part stands for a name of the reader's choice.
        let has_place = word.split('/').any(|part| part.len() > 1 && part.chars().all(|c| c.is_ascii_uppercase()));
        is_one_word && !has_place && (word.starts_with("src/") || FOLDERS.iter().any(|folder| word.starts_with(folder)))
    };
    text.split('`').skip(1).step_by(2).filter(is_path).filter(|word| !exists(Path::new(word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost_in(text: &str) -> Vec<&str> {
        lost(text, &|path| path == Path::new("crates/tos/src/chain.rs"))
    }

    #[test]
    fn accepts_what_is_there_and_what_is_no_path() {
        let text = "`crates/tos/src/chain.rs`, `crates/NAME/src/lib.rs`, `artifacts/*.json`, `cargo test`, src/gone.rs";
        assert_eq!(lost_in(text), [""; 0]);
    }

    #[test]
    fn rejects_what_is_gone() {
        assert_eq!(
            lost_in("See `docs/gone.md` and `crates/tos/src/chains.rs`."),
            ["docs/gone.md", "crates/tos/src/chains.rs"]
        );
    }
}
