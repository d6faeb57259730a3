//! `seriatim promote ARTIFACT`: from now on `cargo test` runs its case.

use std::process::ExitCode;

use crate::campaign::{Examiner, check_regression};
use crate::report::Regression;

use super::run::read_artifact;
use super::{CliError, PromoteArgs};

pub(super) fn run(args: &PromoteArgs) -> Result<ExitCode, CliError> {
    let artifact = read_artifact(&args.artifact)?;
    let note = args.note.clone().unwrap_or_else(|| format!("{}, {}", artifact.origin.found_by, artifact.subject));
    let regression = Regression::of(&artifact, note);
    let name = args.name.clone().unwrap_or_else(|| regression.speaking_name());
    let path = regression.store(&args.corpus, &name)?;
    println!("{}: once {}", path.display(), regression.once);
    let examiner = Examiner::new().map_err(CliError::Start)?;
    match check_regression(&regression, &examiner) {
        Ok(_) => println!("it agrees now, and cargo test will see that it stays so"),
        Err(violation) => println!("it is still wrong, so cargo test fails until it is mended: {violation}"),
    }
    Ok(ExitCode::SUCCESS)
}
