//! Which size of a plan finds most for a second of processor time: the same search with plans of several sizes, on
//! each mutant.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use crate::run::{Plan, Progress, RunError};
use crate::tree::Target;
use crate::{Lane, Mutant, Outcome, Tree};

/// Searches of the lane `differential`, one for each size and seed.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// Its seeds, budget and folders; its lanes are not looked at.
    pub plan: Plan,
    /// Transactions of a plan.
    pub sizes: Vec<usize>,
}

/// A mutant, and what each size came to with each seed.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub outcomes: Vec<Vec<Outcome>>,
}

impl Sizes {
    /// Runs all of it, some mutants at a time. Rows are in the order of `mutants`.
    ///
    /// # Errors
    /// The first mutant, in that order, that could not be built or run.
    pub fn run(&self, mutants: &[Mutant], progress: &(dyn Fn(Progress<'_>) + Sync)) -> Result<Vec<Row>, RunError> {
        let queue = Mutex::new(mutants.iter().enumerate());
        let rows = Mutex::new(Vec::new());
        let worker = |number: usize| {
            let tree = Tree::new(&self.plan.root, &self.plan.folder, number);
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((index, mutant)) = next else { return };
                let row = self.row(&tree, mutant, progress);
                rows.lock().unwrap_or_else(PoisonError::into_inner).push((index, row));
                progress(Progress::Done);
            }
        };
        std::thread::scope(|scope| {
            for number in 0..self.plan.jobs.min(mutants.len()) {
                let worker = &worker;
                scope.spawn(move || worker(number));
            }
        });
        let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.sort_by_key(|&(index, _)| index);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn row(&self, tree: &Tree, mutant: &Mutant, progress: &(dyn Fn(Progress<'_>) + Sync)) -> Result<Row, RunError> {
        progress(Progress::Building(mutant));
        tree.restore()?;
        tree.apply(mutant)?;
        let program = tree.build(Target::Lane, &mutant.id)?;
        let search = |size: usize, seed: u64| {
            progress(Progress::Searching(mutant, Lane::Differential, seed));
            let outcome = self.plan.search(&program, mutant, Lane::Differential, seed, Some(size))?;
            progress(Progress::Found(mutant, Lane::Differential, seed, &outcome));
            Ok(outcome)
        };
        let of_size = |&size: &usize| (1..=self.plan.seeds).map(|seed| search(size, seed)).collect();
        let outcomes = self.sizes.iter().map(of_size).collect::<Result<_, RunError>>()?;
        Ok(Row { id: mutant.id.clone(), outcomes })
    }

    /// One line a mutant and one column a size: the median seconds of its seeds, `-` where it was not found. The last
    /// line is the sum, where a search that found nothing counts with its whole budget.
    pub fn to_markdown(&self, rows: &[Row]) -> String {
        let mut text = "| mutant |".to_owned();
        let mut rule = "|---|".to_owned();
        for size in &self.sizes {
            write!(text, " {size} |").expect("a string takes all");
            rule.push_str("---|");
        }
        writeln!(text, "\n{rule}").expect("a string takes all");
        let mut sums = vec![0.0; self.sizes.len()];
        for row in rows {
            write!(text, "| {} |", row.id).expect("a string takes all");
            for (outcomes, sum) in row.outcomes.iter().zip(&mut sums) {
                let mut seconds: Vec<f64> = outcomes.iter().map(|outcome| self.cost(outcome)).collect();
                seconds.sort_by(f64::total_cmp);
                let found = outcomes.iter().filter(|outcome| outcome.found.is_some()).count();
                *sum += seconds.iter().sum::<f64>() / seconds.len() as f64;
                let median = seconds[seconds.len() / 2];
                match found {
                    0 => text.push_str(" - |"),
                    _ if found == outcomes.len() => write!(text, " {median:.2} |").expect("a string takes all"),
                    _ => write!(text, " {median:.2} ({found} of {}) |", outcomes.len()).expect("a string takes all"),
                }
            }
            text.push('\n');
        }
        text.push_str("| sum of means |");
        for sum in sums {
            write!(text, " {sum:.1} |").expect("a string takes all");
        }
        text.push('\n');
        text
    }

    /// Seconds to the violation, or the whole budget.
    fn cost(&self, outcome: &Outcome) -> f64 {
        if outcome.found.is_some() { outcome.seconds } else { self.plan.seconds as f64 }
    }
}
