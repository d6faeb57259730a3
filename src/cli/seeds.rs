//! `seriatim seeds FOLDER`: generated plans as files. A guided fuzzer that starts from full blocks finds what needs several
//! transactions at once many times sooner than one that starts from nothing.

use std::process::ExitCode;

use crate::workload::{InterleavedPlan, Plan};

use super::CliError;
use super::args::SeedsArgs;

pub(super) fn run(args: &SeedsArgs) -> Result<ExitCode, CliError> {
    let SeedsArgs { folder, count, transactions, seed, schedule } = args;
    let cannot_write = |path: &std::path::Path| {
        let path = path.to_owned();
        move |source| CliError::Write { path, source }
    };
    std::fs::create_dir_all(folder).map_err(cannot_write(folder))?;
    for offset in 0..*count {
        let seed = seed.wrapping_add(offset);
        let path = folder.join(format!("seed-{seed:04}.plan"));
        let plan = Plan::sized(seed, usize::from(*transactions));
        let bytes = match schedule {
            None => plan.to_bytes(),
            Some(length) => InterleavedPlan::scheduled(plan, seed, usize::from(*length)).to_bytes(),
        };
        std::fs::write(&path, bytes).map_err(cannot_write(&path))?;
    }
    println!("{count} plans of {transactions} transactions in {}", folder.display());
    Ok(ExitCode::SUCCESS)
}
