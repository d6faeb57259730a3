//! `cargo run --example node_kills -- 200 [SEED] [BINARY]`: kills the command so many times at seeded moments, over a dozen ledgers,
//! and holds every ledger that it leaves against a chain without interruption. Ends with a line of figures, or panics.

#[path = "../tests/node_kill/kills.rs"]
mod kills;

use std::path::PathBuf;
use std::time::Duration;

use kills::{Tally, kill};

/// Kills of one ledger.
const EACH: usize = 20;

fn main() {
    let mut args = std::env::args().skip(1);
    let wanted: usize = args.next().map_or(200, |arg| arg.parse().expect("a number of kills"));
    let first_seed: u64 = args.next().map_or(1, |arg| arg.parse().expect("a seed"));
    let beside =
        || std::env::current_exe().expect("a program has a path").parent()?.parent().map(|it| it.join("seriatim"));
    let binary = args.next().map_or_else(|| beside().expect("examples lie below the binary"), PathBuf::from);
    let mut all = Tally::default();
    let mut blocks = 0;
    for seed in first_seed.. {
        let kills = EACH.min(wanted - all.kills);
        if kills == 0 {
            break;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let Tally { kills, reopened, in_a_run, after_a_rewind, tops, reorganisations } =
            kill(&binary, folder.path(), seed, kills, Duration::from_millis(700), 100);
        all.kills += kills;
        all.reopened += reopened;
        all.in_a_run += in_a_run;
        all.after_a_rewind += after_a_rewind;
        all.reorganisations += reorganisations;
        blocks += tops.last().copied().unwrap_or(0);
        println!("seed {seed}: {kills} kills, tops {tops:?}");
    }
    println!(
        "{} kills, {} ledgers reopened and equal ({} in the middle of an ordering run, {} between a rewind and its branch), \
         {blocks} blocks and {} reorganisations in the chains",
        all.kills, all.reopened, all.in_a_run, all.after_a_rewind, all.reorganisations
    );
}
