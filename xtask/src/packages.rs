//! The packages of the workspace, as `cargo metadata` describes them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::process::{Run, RunError};

/// The packages, sorted by name.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are cargo's")]
pub struct Packages {
    packages: Vec<Package>,
    workspace_default_members: Vec<String>,
    /// Where cargo writes what it makes.
    pub target_directory: PathBuf,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub rust_version: Option<String>,
    pub description: Option<String>,
    pub license: Option<String>,
    pub readme: Option<PathBuf>,
    pub keywords: Vec<String>,
    pub categories: Vec<String>,
    /// The registries that it may be published to; none is `publish = false`. Without the list it may be any.
    publish: Option<Vec<String>>,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
    id: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Dependency {
    pub name: String,
    /// The requirement as written, such as `=0.7.2`.
    pub req: String,
    /// None: a normal dependency.
    pub kind: Option<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Dev,
    Build,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
    pub src_path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("cargo metadata prints something else than expected: {0}")]
    Form(#[from] serde_json::Error),
}

impl Packages {
    pub fn read(root: &Path) -> Result<Self, PackagesError> {
        let text = Run::of("cargo metadata --format-version 1 --no-deps --locked").output(root)?;
        Ok(Self::from_json(&text)?)
    }

    fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let mut packages: Self = serde_json::from_str(text)?;
        packages.packages.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(packages)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter()
    }

    /// Those that are published.
    pub fn published(&self) -> impl Iterator<Item = &Package> {
        self.iter().filter(|package| package.publish.as_ref().is_none_or(|registries| !registries.is_empty()))
    }

    /// The names of all packages.
    pub fn names(&self) -> Vec<String> {
        self.iter().map(|package| package.name.clone()).collect()
    }

    /// The names of those that a plain `cargo test` leaves out.
    pub fn beside_the_default(&self) -> Vec<String> {
        let is_default = |package: &&Package| self.workspace_default_members.contains(&package.id);
        self.iter().filter(|package| !is_default(package)).map(|package| package.name.clone()).collect()
    }

    /// The newest Rust that a package asks for.
    pub fn rust_version(&self) -> Option<&str> {
        let numbers = |version: &&str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
        self.iter().filter_map(|package| package.rust_version.as_deref()).max_by_key(numbers)
    }
}

#[cfg(test)]
pub mod fixtures {
    use super::*;

    /// A package with dependencies of the form `name`, `dev:name` or `name =1.2.3`.
    pub fn package(name: &str, dependencies: &[&str]) -> Package {
        let dependency = |text: &&str| {
            let (kind, text) = match text.strip_prefix("dev:") {
                Some(rest) => (Some(Kind::Dev), rest),
                None => (None, *text),
            };
            let (name, req) = text.split_once(' ').unwrap_or((text, "*"));
            Dependency { name: name.to_owned(), req: req.to_owned(), kind }
        };
        let dependencies = dependencies.iter().map(dependency).collect();
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            rust_version: Some("1.95".to_owned()),
            description: Some("A package".to_owned()),
            license: Some("MIT".to_owned()),
            readme: Some("README.md".into()),
            keywords: vec!["testing".to_owned()],
            categories: vec!["concurrency".to_owned()],
            publish: None,
            dependencies,
            targets: Vec::new(),
            id: name.to_owned(),
        }
    }

    pub fn unpublished(name: &str) -> Package {
        Package { publish: Some(Vec::new()), ..package(name, &[]) }
    }

    pub fn packages(packages: Vec<Package>) -> Packages {
        Packages { packages, workspace_default_members: Vec::new(), target_directory: "target".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "packages": [
            { "name": "b", "id": "path+b", "version": "0.2.0", "rust_version": "1.100", "publish": [], "description": null,
              "license": "MIT", "readme": null, "keywords": [], "categories": [], "targets": [], "dependencies": [
                { "name": "loom", "req": "=0.7.2", "kind": null, "optional": false },
                { "name": "tempfile", "req": "^3", "kind": "dev", "optional": false }
            ] },
            { "name": "a", "id": "path+a", "version": "0.1.0", "rust_version": "1.95", "publish": null, "description": "A",
              "license": "MIT", "readme": "README.md", "keywords": ["testing"], "categories": [], "targets": [],
              "dependencies": [] }
        ],
        "target_directory": "/built",
        "workspace_default_members": ["path+a"],
        "version": 1
    }"#;

    #[test]
    fn reads_what_cargo_prints() {
        let packages = Packages::from_json(METADATA).unwrap();
        assert_eq!(packages.names(), ["a", "b"]);
        assert_eq!(packages.beside_the_default(), ["b"]);
        assert_eq!(packages.rust_version(), Some("1.100"));
        let published: Vec<_> = packages.published().map(|package| (&*package.name, &*package.version)).collect();
        assert_eq!(published, [("a", "0.1.0")]);
        let kinds: Vec<_> = packages.packages[1].dependencies.iter().map(|dependency| dependency.kind).collect();
        assert_eq!(kinds, [None, Some(Kind::Dev)]);
    }

    #[test]
    fn refuses_another_form() {
        assert!(Packages::from_json(r#"{ "packages": [] }"#).is_err());
    }
}
