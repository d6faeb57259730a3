//! The dependency graph: the arrows between crates, the exact pins, and the modules inside each crate.

mod arrows;
mod cycles;
mod pins;
mod sources;
mod tree;

use std::path::Path;

use crate::packages::{Packages, PackagesError};
use cycles::Cycle;
use tree::{ReadError, Tree};

#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    #[error(transparent)]
    Packages(#[from] PackagesError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}", .0.join("\n"))]
    Findings(Vec<String>),
}

/// Checks everything. Returns what was looked at, in one line, and before it the nested cycles if they are asked for.
///
/// # Errors
/// Every finding, a line each; a cycle of modules has a further line for each of its edges.
pub fn check(root: &Path, nested: bool) -> Result<String, GraphError> {
    let packages = Packages::read(root)?;
    let mut findings = arrows::check(&packages);
    findings.extend(pins::check(&packages));
    let mut notes = Vec::new();
    let mut modules = 0;
    for package in packages.iter() {
        // Tests, benchmarks and examples have no inner layers to keep apart.
        let is_layered = |kind: &String| kind == "lib" || kind == "bin";
        for target in package.targets.iter().filter(|target| target.kind.iter().any(is_layered)) {
            let tree = Tree::read(&target.src_path, &|path| std::fs::read_to_string(path))?;
            modules += tree.len();
            let told = |cycle: &Cycle| cycle.told(&format!("{} ({})", package.name, target.name), root);
            let (top, below): (Vec<_>, Vec<_>) = cycles::of(&tree).into_iter().partition(Cycle::is_at_the_top);
            findings.extend(top.iter().map(told));
            notes.extend(below.iter().map(told));
        }
    }
    if !nested {
        notes.clear();
    }
    if !findings.is_empty() {
        return Err(GraphError::Findings(notes.into_iter().chain(findings).collect()));
    }
    notes.push(format!("{} packages and {modules} modules: no forbidden arrow, no cycle", packages.iter().count()));
    Ok(notes.join("\n"))
}
