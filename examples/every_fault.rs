//! Every fault at every point of so many small blocks, and every crash and every failure of the disk under each of their commits.
//!
//!     cargo run --release --example every_fault -- 200
//!
//! It ends with 0 if nothing was lost and nothing was between, and with 1 at the first violation.

use std::process::ExitCode;
use std::time::Instant;

use seriatim::campaign::crashes::{CrashFigures, small_stories};
use seriatim::campaign::{FaultBudget, FaultFigures, FaultSubject, SMALL_BLOCK, inject_at, small_blocks};
use seriatim::drive::TokioRuntimes;

/// Small blocks, unless told.
const BLOCKS: usize = 200;

fn main() -> ExitCode {
    let asked = std::env::args().nth(1).map_or(Ok(BLOCKS), |text| text.parse());
    let Some(blocks) = asked.ok().filter(|blocks| *blocks > 0) else {
        eprintln!("every_fault: the number of blocks must be a whole number, at least 1");
        return ExitCode::from(2);
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{blocks} blocks of 1 to {SMALL_BLOCK} transactions, {jobs} threads");
    let ended = faults(blocks, jobs).and_then(|()| crashes(blocks, jobs));
    if let Err(violation) = ended {
        println!("VIOLATION {violation}");
        return ExitCode::from(1);
    }
    println!("nothing lost, nothing between");
    ExitCode::SUCCESS
}

#[expect(clippy::disallowed_methods, reason = "it says how long it took")]
fn faults(blocks: usize, jobs: usize) -> Result<(), String> {
    let begun = Instant::now();
    let places: Vec<_> = small_blocks(blocks).collect();
    let job = |number: usize| -> Result<FaultFigures, String> {
        let engine = TokioRuntimes::new().map_err(|error| error.to_string())?;
        let mut figures = FaultFigures::default();
        for (scene, place) in places.iter().skip(number).step_by(jobs) {
            let subject = FaultSubject::every_path();
            let budget = FaultBudget { schedules: 1, ..FaultBudget::EVERY };
            inject_at(&engine, scene, place, &subject, budget, &mut figures)
                .map_err(|found| format!("{} {:?}", found.0.violation, found.0.point))?;
        }
        Ok(figures)
    };
    let mut figures = FaultFigures::default();
    for found in on_threads(jobs, job) {
        figures.merge(&found?);
    }
    let FaultFigures {
        blocks,
        complete_blocks,
        calm_runs,
        points,
        faults,
        sites,
        paths,
        endured,
        done_again,
        interleaved,
    } = &figures;
    println!("faults: {} at {points} points, in {:.1} s", figures.injected(), begun.elapsed().as_secs_f64());
    println!("  {blocks} blocks and paths, {complete_blocks} struck by every fault; {calm_runs} runs without a fault");
    println!("  by kind {faults:?}\n  by place {sites:?}\n  by path {paths:?}\n  came to {endured:?}");
    println!(
        "  {} more under random schedules of shuttle, which came to {interleaved:?}",
        interleaved.values().sum::<u64>()
    );
    println!("  {done_again} times the block or rewind was done again");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "it says how long it took")]
fn crashes(blocks: usize, jobs: usize) -> Result<(), String> {
    let begun = Instant::now();
    let engine = TokioRuntimes::new().map_err(|error| error.to_string())?;
    let stories = small_stories(&engine, blocks);
    let job = |number: usize| -> Result<CrashFigures, String> {
        let engine = TokioRuntimes::new().map_err(|error| error.to_string())?;
        let mut figures = CrashFigures::default();
        for (seed, (story, small)) in stories.iter().enumerate().skip(number).step_by(jobs) {
            let found = story.inject_all(&engine, small).map_err(|found| format!("plan {seed}: {found}"))?;
            figures.merge(&found);
        }
        Ok(figures)
    };
    let mut figures = CrashFigures::default();
    for found in on_threads(jobs, job) {
        figures.merge(&found?);
    }
    let CrashFigures { actions, points, images, single_failures, full_disks, before, after } = figures;
    println!(
        "crashes: {images} files at {points} points of {actions} commits and rewinds, in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    println!("  {single_failures} failures of one event, {full_disks} full disks");
    println!("  opened again: {before} as before, {after} as after");
    Ok(())
}

fn on_threads<T: Send>(jobs: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let job = &job;
        let threads: Vec<_> = (0..jobs).map(|number| scope.spawn(move || job(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no job panics")).collect()
    })
}
