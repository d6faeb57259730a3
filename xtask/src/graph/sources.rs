//! What a module's text names: its own items, its imports, and every path that may lead to another module.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

/// Words of a path as written, such as `["super", "ledger", "Block"]`.
pub type Words = Vec<String>;

/// The names and paths of one module, without those of the modules inside it.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Items that are defined here.
    pub items: BTreeSet<String>,
    /// Imported names, each with the path that it stands for.
    pub imports: BTreeMap<String, Words>,
    /// Paths whose every item is imported.
    pub globs: Vec<Words>,
    /// All paths, those of the imports too.
    pub paths: BTreeSet<Words>,
}

impl Names {
    /// Reads the items of a module. Modules among them are left to the caller, and so is what only a test build has.
    pub fn of(items: &[Item]) -> Self {
        let mut names = Self::default();
        for item in items.iter().filter(|item| !is_for_tests(attributes(item))) {
            names.items.extend(defined(item));
            if !matches!(item, Item::Mod(_)) {
                names.visit_item(item);
            }
        }
        names
    }

    fn import(&mut self, tree: &UseTree, before: &[String]) {
        let path = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(inner) => self.import(&inner.tree, &path(&inner.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, before)),
            UseTree::Glob(_) => {
                self.globs.push(before.to_vec());
                self.paths.insert(before.to_vec());
            }
            UseTree::Name(name) if name.ident == "self" => {
                self.imported(before.last().cloned(), before.to_vec());
            }
            UseTree::Name(name) => self.imported(Some(name.ident.to_string()), path(&name.ident)),
            UseTree::Rename(name) if name.ident == "self" => {
                self.imported(Some(name.rename.to_string()), before.to_vec());
            }
            UseTree::Rename(name) => self.imported(Some(name.rename.to_string()), path(&name.ident)),
        }
    }

    fn imported(&mut self, name: Option<String>, path: Words) {
        self.paths.insert(path.clone());
        self.imports.extend(name.map(|name| (name, path)));
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A leading colon means another crate.
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            self.paths.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        paths_among(item.tokens.clone(), &mut self.paths);
        visit::visit_macro(self, item);
    }

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {
        // One inside a function's body. There is none, and its paths would begin elsewhere.
    }
}

/// The paths among the tokens of a macro, which are no tree.
fn paths_among(tokens: TokenStream, paths: &mut BTreeSet<Words>) {
    let mut path = Words::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    keep(&mut path, paths);
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            other => {
                keep(&mut path, paths);
                colons = 0;
                if let TokenTree::Group(group) = other {
                    paths_among(group.stream(), paths);
                }
            }
        }
    }
    keep(&mut path, paths);
}

fn keep(path: &mut Words, paths: &mut BTreeSet<Words>) {
    let path = std::mem::take(path);
    if path.len() > 1 {
        paths.insert(path);
    }
}

/// Whether an item is under `#[cfg(test)]`.
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |condition: syn::Ident| condition == "test";
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(is_test)
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name that an item defines. A module's is not among them: the tree has it.
fn defined(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Names {
        Names::of(&syn::parse_file(text).unwrap().items)
    }

    fn paths(text: &str) -> Vec<String> {
        names(text).paths.iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn reads_nested_renamed_and_whole_imports() {
        let names = names("use crate::{a::{self, B}, c::D as E}; use super::*; pub use f::g;");
        let imports: Vec<_> = names.imports.iter().map(|(name, path)| format!("{name}={}", path.join("::"))).collect();
        assert_eq!(imports, ["B=crate::a::B", "E=crate::c::D", "a=crate::a", "g=f::g"]);
        assert_eq!(names.globs, [["super"]]);
    }

    #[test]
    fn finds_paths_in_types_expressions_patterns_and_macros() {
        let text = "fn f(x: super::T) -> Vec<crate::a::T> { match x { b::C => println!(\"{}\", d::e(crate::g::h)) } }";
        assert_eq!(paths(text), ["b::C", "crate::a::T", "crate::g::h", "d::e", "super::T"]);
    }

    #[test]
    fn leaves_out_comments_strings_tests_and_other_crates() {
        let text = "/// [`crate::a`]\nconst A: &str = \"crate::b\";\n::std::thread_local!();\n\
                    #[cfg(test)] mod tests { use crate::c; }\n#[cfg(test)] fn g() { crate::d::e() }";
        assert_eq!(paths(text), [""; 0]);
    }

    #[test]
    fn knows_what_a_module_defines() {
        let names =
            names("struct A; enum B {} fn c() {} trait D {} const E: u8 = 1; mod f {} macro_rules! g { () => {} }");
        assert_eq!(names.items.iter().collect::<Vec<_>>(), ["A", "B", "D", "E", "c", "g"]);
    }
}
