//! One search: a lane, a seed, a budget. Prints an [`Outcome`] as one line of JSON. It is built in the
//! patched tree, so what it searches carries the defect.

mod baselines;
mod campaigns;
mod proofs;

use std::time::{Duration, Instant};

use clap::Parser;
use mutants::{Lane, Outcome};
use seriatim::campaign::{BuiltinSubject, Watchdog};

/// Searches for a violation.
#[derive(Debug, Parser)]
struct Args {
    /// How to search
    lane: Lane,
    /// Where all choices come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Executions at most
    #[arg(long, default_value_t = 100_000)]
    executions: u64,
    /// Seconds at most
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// The executor: `parallel` or `block-stm`
    #[arg(long, default_value_t = BuiltinSubject::Parallel)]
    subject: BuiltinSubject,
    /// Make the case smaller that shows the violation
    #[arg(long)]
    minimise: bool,
    /// Transactions of each plan, of the lane `differential` alone [default: as the seed says]
    #[arg(long, value_name = "N")]
    transactions: Option<usize>,
}

/// How far a search may go.
#[derive(Clone, Copy, Debug)]
struct Budget {
    executions: u64,
    time: Duration,
    begun: Instant,
    minimise: bool,
    /// What is searched.
    subject: BuiltinSubject,
}

impl Budget {
    fn out_of_time(&self) -> bool {
        self.begun.elapsed() >= self.time
    }
}

/// An execution that takes so long hangs: none of the right executor takes a hundredth of it.
const WATCHDOG: Watchdog = Watchdog { limit: Duration::from_secs(10) };

#[expect(clippy::disallowed_methods, reason = "a budget may be a time")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Args { lane, seed, executions, seconds, subject, minimise, transactions } = Args::parse();
    // A subject's panic is a finding, told in the outcome; its trace would be noise.
    std::panic::set_hook(Box::new(|_| {}));
    let budget = Budget { executions, time: Duration::from_secs(seconds), begun: Instant::now(), minimise, subject };
    let outcome = match lane {
        Lane::Differential => match transactions {
            None => campaigns::differential(seed, &budget)?,
            Some(transactions) => baselines::sized(seed, transactions, &budget)?,
        },
        Lane::Shuttle => campaigns::shuttle(seed, &budget)?,
        Lane::Dpor => proofs::dpor(&budget),
        Lane::Loom => proofs::loom(&budget),
        Lane::Arbitrary => baselines::arbitrary(seed, &budget)?,
        Lane::Threads => baselines::threads(seed, &budget)?,
        Lane::Urw => baselines::urw(seed, &budget),
        Lane::Models => return Err("the models are run by cargo, not by this program".into()),
    };
    end(&outcome)
}

/// Prints the outcome and ends the process, whatever hangs in it.
fn end(outcome: &Outcome) -> ! {
    println!("{}", serde_json::to_string(outcome).expect("an outcome is plain data"));
    std::process::exit(0)
}
