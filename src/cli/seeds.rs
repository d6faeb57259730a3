//! `seriatim seeds FOLDER`: generated plans as files. A guided fuzzer that starts from full blocks finds what needs several
//! transactions at once many times sooner than one that starts from nothing.

use std::process::ExitCode;

use serde::Serialize;

use seriatim_lab::workload::{InterleavedPlan, Plan};

use super::CliError;
use super::args::SeedsArgs;
use super::output::{Findings, Output, say};

/// The version of the JSON form.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Made {
    folder: String,
    count: u64,
    transactions: u16,
    seed: u64,
    schedule: Option<u16>,
}

pub(super) fn run(args: &SeedsArgs) -> Result<ExitCode, CliError> {
    let SeedsArgs { folder, count, transactions, seed, schedule, json } = args;
    let output = Output::new("seeds", json.json.as_ref(), None, &[])?;
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
    say!(output, "{count} plans of {transactions} transactions in {}", folder.display());
    let made = Made {
        folder: folder.display().to_string(),
        count: *count,
        transactions: *transactions,
        seed: *seed,
        schedule: *schedule,
    };
    output.end(&Findings::made(VERSION, None, &made))
}
