//! The engines' exact versions: a schedule is only good for the version that made it, so one crate alone has them.

use crate::packages::Packages;

/// The crate that has the engines.
const KEEPER: &str = "seriatim-explore";

/// Whether a package is an engine or a part of one.
fn is_engine(name: &str) -> bool {
    ["shuttle", "loom"].iter().any(|engine| name == *engine || name.starts_with(&format!("{engine}-")))
}

/// One line for each engine that another crate has, or that has no exact version.
pub fn check(packages: &Packages) -> Vec<String> {
    let mut findings = Vec::new();
    for package in packages.iter() {
        for engine in package.dependencies.iter().filter(|dependency| is_engine(&dependency.name)) {
            let (name, engine, req) = (&package.name, &engine.name, &engine.req);
            if name != KEEPER {
                findings.push(format!("{name} must not depend on {engine}: the engines belong to {KEEPER} alone"));
            } else if !req.starts_with('=') {
                findings.push(format!("{name} must pin {engine} with an exact version, not with {req}"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::fixtures::{package, packages};

    fn findings(name: &str, dependencies: &[&str]) -> Vec<String> {
        check(&packages(vec![package(name, dependencies)]))
    }

    #[test]
    fn accepts_exact_versions_in_their_crate() {
        assert_eq!(findings(KEEPER, &["shuttle =0.9.9", "shuttle-engine =0.1.7", "loom =0.7.2", "tokio ^1"]), [""; 0]);
        assert_eq!(findings("seriatim-tos", &["looms ^1", "tokio ^1"]), [""; 0]);
    }

    #[test]
    fn rejects_a_range() {
        assert_eq!(
            findings(KEEPER, &["loom ^0.7.2"]),
            ["seriatim-explore must pin loom with an exact version, not with ^0.7.2"]
        );
    }

    #[test]
    fn rejects_an_engine_elsewhere_even_in_tests() {
        assert_eq!(
            findings("seriatim-lab", &["dev:shuttle =0.9.9"]),
            ["seriatim-lab must not depend on shuttle: the engines belong to seriatim-explore alone"]
        );
    }
}
