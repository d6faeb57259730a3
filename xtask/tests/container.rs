//! The container's file. Only an engine can build it, and the release workflow does; what needs no engine is checked here.

use std::path::{Path, PathBuf};

const CONTAINERFILE: &str = include_str!("../../Containerfile");
const IGNORED: &str = include_str!("../../.dockerignore");
const MANIFEST: &str = include_str!("../../Cargo.toml");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What stands behind an instruction, once a line.
fn after(instruction: &str) -> impl Iterator<Item = &'static str> {
    CONTAINERFILE.lines().filter_map(move |line| line.strip_prefix(instruction)?.strip_prefix(' '))
}

/// The paths that are copied from the tree.
fn copied() -> Vec<&'static str> {
    let copies = after("COPY").filter(|words| !words.starts_with("--from="));
    let sources = copies.flat_map(|words| {
        let words: Vec<_> = words.split_whitespace().collect();
        words[..words.len() - 1].to_vec()
    });
    sources.collect()
}

#[test]
fn what_is_copied_is_there_and_is_not_ignored() {
    assert!(copied().contains(&"Cargo.lock"));
    for path in copied() {
        assert!(root().join(path).exists(), "{path}");
        assert!(IGNORED.lines().any(|line| line.strip_prefix('!') == Some(path)), "{path} is ignored");
    }
}

#[test]
fn what_is_let_through_is_copied() {
    let kept: Vec<_> = IGNORED.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert_eq!(kept.iter().filter(|path| !copied().contains(path)).count(), 0, "{kept:?}");
}

#[test]
fn images_have_versions_and_the_compiler_is_the_declared_one() {
    for image in after("FROM") {
        let version =
            image.split_whitespace().next().and_then(|name| name.rsplit_once(':')).map(|(_, version)| version);
        assert!(version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit())), "{image}");
    }
    let declared = MANIFEST.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"')).unwrap();
    assert!(CONTAINERFILE.contains(&format!("/rust:{declared}-")), "{declared}");
}

#[test]
fn the_command_does_not_run_as_root() {
    let users: Vec<_> = after("USER").collect();
    assert!(users.last().is_some_and(|user| !user.starts_with('0') && !user.starts_with("root")), "{users:?}");
}
