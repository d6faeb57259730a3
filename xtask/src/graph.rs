//! The dependency graph: the arrows between crates, the exact pins, and the modules inside each crate.

mod arrows;
mod cycles;
mod pins;
mod sources;
mod tree;

use std::path::Path;

use crate::packages::{Packages, PackagesError, Target};
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
    let mut cycles = Vec::new();
    let mut modules = 0;
    // Tests, benchmarks and examples have no inner layers to keep apart.
    let is_layered = |target: &&Target| target.kind.iter().any(|kind| kind == "lib" || kind == "bin");
    for target in packages.iter().flat_map(|package| &package.targets).filter(is_layered) {
        let tree = Tree::read(&target.src_path, &|path| std::fs::read_to_string(path))?;
        modules += tree.len();
        cycles.extend(cycles::of(&tree).into_iter().map(|cycle| (target.name.as_str(), cycle)));
    }
    let (top, below): (Vec<_>, Vec<_>) = cycles.into_iter().partition(|(_, cycle)| cycle.is_at_the_top());
    let shown = |(target, cycle): &(&str, Cycle)| cycle.told(target, root);
    findings.extend(top.iter().map(shown));
    let mut lines: Vec<String> = below.iter().filter(|_| nested).map(shown).collect();
    if !findings.is_empty() {
        lines.extend(findings);
        return Err(GraphError::Findings(lines));
    }
    let packages = packages.iter().count();
    lines.push(format!("{packages} packages, {modules} modules: no forbidden arrow, no cycle"));
    Ok(lines.join("\n"))
}
