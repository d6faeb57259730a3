//! The modules of one crate, and where a path in one of them leads.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use syn::{Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::sources::{Names, Words, is_for_tests};

/// A module by its path from the crate's root, which itself is empty.
pub type ModulePath = Vec<String>;

/// Every module, without those that only a test build has.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    modules: BTreeMap<ModulePath, Module>,
}

#[derive(Clone, Debug)]
struct Module {
    file: PathBuf,
    names: Names,
}

/// A path in one module that leads to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub from: ModulePath,
    pub to: ModulePath,
    pub file: PathBuf,
    /// The path as written.
    pub written: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Syntax { path: PathBuf, source: syn::Error },
}

/// How a file is read: from the disk, or in a test from memory.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// Imports of imports are followed so many times. A ring of them would not compile.
const MOST_HOPS: usize = 16;

impl Tree {
    /// Reads a crate from its root file.
    pub fn read(root: &Path, file: ReadFile<'_>) -> Result<Self, ReadError> {
        let mut tree = Self::default();
        let folder = root.parent().unwrap_or(Path::new(""));
        tree.read_file(Vec::new(), root, folder, file)?;
        Ok(tree)
    }

    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// `folder` is where the files of the module's own modules lie.
    fn read_file(&mut self, at: ModulePath, path: &Path, folder: &Path, file: ReadFile<'_>) -> Result<(), ReadError> {
        let text = file(path).map_err(|source| ReadError::File { path: path.to_owned(), source })?;
        let parsed = syn::parse_file(&text).map_err(|source| ReadError::Syntax { path: path.to_owned(), source })?;
        self.add(at, &parsed.items, path, folder, file)
    }

    fn add(
        &mut self,
        at: ModulePath,
        items: &[Item],
        path: &Path,
        folder: &Path,
        file: ReadFile<'_>,
    ) -> Result<(), ReadError> {
        for item in items {
            let Item::Mod(module) = item else { continue };
            if is_for_tests(&module.attrs) {
                continue;
            }
            let name = module.ident.to_string();
            let inner = [at.as_slice(), std::slice::from_ref(&name)].concat();
            if let Some((_, items)) = &module.content {
                self.add(inner, items, path, &folder.join(&name), file)?;
                continue;
            }
            let (child, folder) = if let Some(place) = placed(module) {
                let child = path.parent().unwrap_or(Path::new("")).join(place);
                let folder = child.parent().unwrap_or(Path::new("")).to_owned();
                (child, folder)
            } else {
                (folder.join(format!("{name}.rs")), folder.join(&name))
            };
            self.read_file(inner, &child, &folder, file)?;
        }
        self.modules.insert(at, Module { file: path.to_owned(), names: Names::of(items) });
        Ok(())
    }

    /// Every path that leads out of its module. Those from the root or a parent come first: they say most to a reader.
    /// A path through what another module imports has an entry for each module on its way.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        for (from, module) in &self.modules {
            for path in &module.names.paths {
                let mut reached = Vec::new();
                self.follow(from, path, MOST_HOPS, &mut reached);
                let written = path.join("::");
                references.extend(reached.into_iter().filter(|to| to != from).map(|to| Reference {
                    from: from.clone(),
                    to,
                    file: module.file.clone(),
                    written: written.clone(),
                }));
            }
        }
        let is_local = |written: &str| !["crate::", "super::"].iter().any(|start| written.starts_with(start));
        references.sort_by_cached_key(|reference| (is_local(&reference.written), reference.clone()));
        references.dedup();
        references
    }

    /// Adds the modules that a path reaches. Returns whether its last word was found in this crate.
    fn follow(&self, from: &[String], path: &[String], hops: usize, reached: &mut Vec<ModulePath>) -> bool {
        let Some(hops) = hops.checked_sub(1) else { return false };
        let mut at = from.to_vec();
        let mut rest = path;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => break,
            }
            rest = after;
        }
        let is_relative = rest.len() == path.len();
        self.descend(&at, rest, is_relative, hops, reached)
    }

    /// `is_relative`: the path begins with a name of the module itself, so the module is not told of as reached.
    fn descend(
        &self,
        at: &[String],
        rest: &[String],
        is_relative: bool,
        hops: usize,
        reached: &mut Vec<ModulePath>,
    ) -> bool {
        let Some(module) = self.modules.get(at) else { return false };
        let Some((first, after)) = rest.split_first() else {
            reached.push(at.to_vec());
            return true;
        };
        let child = [at, std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) {
            return self.descend(&child, after, false, hops, reached);
        }
        if module.names.items.contains(first) {
            reached.push(at.to_vec());
            return true;
        }
        // An import of this name is followed; the module that has it is reached as well.
        let mut found = false;
        let is_itself = |path: &Words| is_relative && path.as_slice() == rest;
        let mut hop = |path: &[String], after: &[String]| {
            let path: Words = path.iter().chain(after).cloned().collect();
            !is_itself(&path) && self.follow(at, &path, hops, reached)
        };
        if let Some(import) = module.names.imports.get(first) {
            found = hop(import, after);
        } else {
            for glob in &module.names.globs {
                found = found || hop(glob, rest);
            }
        }
        if !is_relative {
            reached.push(at.to_vec());
        }
        found
    }
}

/// The file that `#[path = "..."]` names.
fn placed(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

#[cfg(test)]
pub mod fixtures {
    use super::*;

    /// A crate of files in memory, the first of which is its root.
    pub fn tree(files: &[(&str, &str)]) -> Tree {
        let read = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        };
        Tree::read(Path::new(files[0].0), &read).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::fixtures::tree;
    use super::*;

    fn told(files: &[(&str, &str)]) -> Vec<String> {
        let told = |path: &ModulePath| if path.is_empty() { "crate".to_owned() } else { path.join("::") };
        let edges: BTreeSet<_> = tree(files).references().into_iter().map(|edge| (edge.from, edge.to)).collect();
        edges.iter().map(|(from, to)| format!("{} -> {}", told(from), told(to))).collect()
    }

    #[test]
    fn files_lie_beside_and_below_their_parents() {
        let tree = tree(&[
            ("src/lib.rs", "mod a; mod inline { mod deep; } #[path = \"odd/name.rs\"] mod c; #[cfg(test)] mod tests;"),
            ("src/a.rs", "mod b;"),
            ("src/a/b.rs", ""),
            ("src/inline/deep.rs", ""),
            ("src/odd/name.rs", "mod d;"),
            ("src/odd/d.rs", ""),
        ]);
        let names: Vec<_> = tree.modules.keys().map(|path| path.join("::")).collect();
        assert_eq!(names, ["", "a", "a::b", "c", "c::d", "inline", "inline::deep"]);
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let read = |path: &Path| match path.to_str() {
            Some("lib.rs") => Ok("mod a;".to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        assert!(Tree::read(Path::new("lib.rs"), &read).unwrap_err().to_string().starts_with("a.rs: "));
    }

    #[test]
    fn paths_lead_to_modules() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B; fn f(x: super::c::C) { std::mem::drop(x) }"),
            ("b.rs", "pub struct B;"),
            ("c.rs", "pub struct C;"),
        ];
        assert_eq!(told(&files), ["a -> b", "a -> c"]);
    }

    #[test]
    fn an_item_of_the_parent_is_the_parents() {
        let files = [("lib.rs", "mod a; mod b; struct X;"), ("a.rs", "use super::X;"), ("b.rs", "")];
        assert_eq!(told(&files), ["a -> crate"]);
    }

    #[test]
    fn what_the_parent_passes_on_is_followed() {
        let parent = ("lib.rs", "mod a; mod b; mod c; pub use b::X; use c::*;");
        let files = [parent, ("a.rs", "use super::{X, Y};"), ("b.rs", "pub struct X;"), ("c.rs", "pub struct Y;")];
        assert_eq!(told(&files), ["crate -> b", "crate -> c", "a -> crate", "a -> b", "a -> c"]);
    }

    #[test]
    fn an_imported_module_and_a_whole_import_are_followed() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b; fn f() { b::g() }"),
            ("b.rs", "pub fn g() {}"),
            ("c.rs", "use super::*; fn h() { b::g() }"),
        ];
        assert_eq!(told(&files), ["a -> b", "c -> crate", "c -> b"]);
    }

    #[test]
    fn other_crates_lead_nowhere() {
        let files = [("lib.rs", "mod a;"), ("a.rs", "use serde::Serialize; fn f() { tokio::spawn(x::y()) }")];
        assert_eq!(told(&files), [""; 0]);
    }
}
