//! The packages that are published: what each says of itself, how large it is, and whether the command can be installed from
//! them alone.

use std::path::{Path, PathBuf};

use crate::packages::{Package, Packages, PackagesError};
use crate::process::{Run, RunError};

/// What crates.io takes.
const MOST_BYTES: u64 = 10_000_000;
/// The package with the command.
const COMMAND: &str = "seriatim";

#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Packages(#[from] PackagesError),
    #[error("{}", .0.join("\n"))]
    Findings(Vec<String>),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
}

impl PackageError {
    /// The code with which the whole run ends.
    pub fn code(&self) -> u8 {
        match self {
            Self::Run(error) | Self::Packages(PackagesError::Run(error)) => error.code(),
            Self::Packages(_) | Self::Findings(_) | Self::File { .. } => 1,
        }
    }
}

/// Packs every package that is published, in the order of their dependencies, and prints how large each is. With `verify`,
/// cargo builds each from its package alone.
///
/// # Errors
/// A package that says too little of itself or is too large; cargo's.
pub fn pack(root: &Path, verify: bool) -> Result<(), PackageError> {
    let packages = Packages::read(root)?;
    let mut findings: Vec<String> = packages.published().flat_map(untold).collect();
    // What a developer has not committed is packed, too: nothing here publishes. The warnings are of tests and benchmarks
    // that are left out on purpose.
    let mut run = Run::of("cargo package --locked --allow-dirty --quiet");
    if !verify {
        run = run.arg("--no-verify");
    }
    let names = packages.published().flat_map(|package| ["--package".to_owned(), package.name.clone()]);
    run.args(names).variable("CARGO_TARGET_DIR", &target(&packages).display().to_string()).run(root)?;
    for package in packages.published() {
        let path = file(&packages, package);
        let bytes = std::fs::metadata(&path).map_err(|source| PackageError::File { path, source })?.len();
        println!("{:<20} {:>9} bytes", package.name, bytes);
        findings.extend(too_large(&package.name, bytes));
    }
    if findings.is_empty() { Ok(()) } else { Err(PackageError::Findings(findings)) }
}

/// Installs the command from the packages of the last [`pack`] alone, and runs it in an empty folder.
///
/// # Errors
/// A command that does not succeed.
pub fn install(root: &Path) -> Result<(), PackageError> {
    let in_temp = |source| PackageError::File { path: std::env::temp_dir(), source };
    let folder = tempfile::tempdir().map_err(in_temp)?;
    let place = |name: &str| folder.path().join(name);
    let empty = place("empty");
    std::fs::create_dir(&empty).map_err(in_temp)?;
    let packages = Packages::read(root)?;
    let mut install = Run::of("cargo install --root").arg(place("installed").display().to_string());
    for package in packages.published() {
        let unpack = Run::of("tar -xzf").arg(file(&packages, package).display().to_string());
        unpack.run(folder.path())?;
        let unpacked = place(&stem(package)).display().to_string();
        install = if package.name == COMMAND {
            install.arg("--path").arg(unpacked)
        } else {
            // No registry has the package yet.
            install.arg("--config").arg(format!("patch.crates-io.{}.path={unpacked:?}", package.name))
        };
    }
    install.variable("CARGO_TARGET_DIR", &place("target").display().to_string()).run(root)?;
    let command = Run::default().arg(place("installed").join("bin").join(COMMAND).display().to_string());
    for words in ["--version", "list", "demo", "--seconds 3"] {
        command.clone().args(words.split_whitespace()).run(&empty)?;
    }
    Ok(())
}

/// Where packages are built: one folder for all, or each would build all dependencies again; and one beside that of the tree,
/// because a package has other profiles.
fn target(packages: &Packages) -> PathBuf {
    packages.target_directory.join("packages")
}

/// Where cargo writes the package.
fn file(packages: &Packages, package: &Package) -> PathBuf {
    target(packages).join("package").join(stem(package) + ".crate")
}

fn stem(package: &Package) -> String {
    format!("{}-{}", package.name, package.version)
}

/// What a registry shows of a package and this one does not say.
fn untold(package: &Package) -> impl Iterator<Item = String> {
    let said = [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("readme", package.readme.is_some()),
        ("rust-version", package.rust_version.is_some()),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
    ];
    let name = package.name.clone();
    said.into_iter().filter(|(_, is_said)| !is_said).map(move |(key, _)| format!("{name} has no {key}"))
}

fn too_large(name: &str, bytes: u64) -> Option<String> {
    (bytes > MOST_BYTES).then(|| format!("{name}: the package has {bytes} bytes, at most {MOST_BYTES} are taken"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::fixtures;

    #[test]
    fn a_package_that_says_everything_has_no_finding() {
        assert_eq!(untold(&fixtures::package("a", &[])).count(), 0);
    }

    #[test]
    fn what_is_not_said_is_found() {
        let mut package = fixtures::package("a", &[]);
        package.license = None;
        package.keywords.clear();
        assert_eq!(untold(&package).collect::<Vec<_>>(), ["a has no license", "a has no keywords"]);
    }

    #[test]
    fn a_package_may_have_what_the_registry_takes() {
        assert_eq!(too_large("a", MOST_BYTES), None);
        let refused = "a: the package has 10000001 bytes, at most 10000000 are taken";
        assert_eq!(too_large("a", MOST_BYTES + 1).as_deref(), Some(refused));
    }
}
