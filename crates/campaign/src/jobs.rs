//! The loop of every campaign: jobs, each on a thread of its own, take one index after the other until the budget is used up.
//! What an index means is the campaign's own affair. Clock and job count decide only how many indices there are: sums do not
//! depend on the order of counting, and no index above the first violation counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seriatim_lab::compare::Signature;

use super::Waivers;

/// When to stop, if no violation comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// One execution is one scenario on all executors.
    Executions(u64),
    Time(Duration),
}

/// How far a campaign goes.
#[derive(Clone, Copy, Debug)]
pub struct Jobs<'a> {
    pub budget: Budget,
    /// Threads; at least 1.
    pub jobs: usize,
    /// Whether to go on after a violation, counting those of the same signature.
    pub keep_going: bool,
    /// Violations that never end it.
    pub waivers: &'a Waivers,
}

/// The work of one thread.
pub trait Job {
    /// A violation, with what is needed to keep it.
    type Found: Send;
    type Sums: Sums;

    /// Does what stands at an index.
    fn execute(&mut self, index: u64) -> Execution<Self::Found>;

    /// Gives what was counted.
    fn end(self) -> Self::Sums;
}

/// What jobs count. Adding up does not depend on the order.
pub trait Sums: Default + Send {
    /// Adds up two.
    fn merge(&mut self, other: Self);
}

/// What one execution did.
#[derive(Debug)]
pub struct Execution<F> {
    pub transactions: u64,
    pub found: Option<(Signature, F)>,
}

/// What all jobs did.
#[derive(Debug)]
pub struct Done<S, F> {
    pub sums: S,
    /// One violation of each signature, by index; the first alone, unless the campaign was to go on.
    pub found: Vec<First<F>>,
    /// The same of what is waived, of which none ends a campaign.
    pub waived: Vec<First<F>>,
    pub time: Duration,
}

/// The violation of its signature that has the lowest index.
#[derive(Debug)]
pub struct First<F> {
    pub index: u64,
    /// How many executions show a violation of this signature.
    pub times: u64,
    pub found: F,
}

/// Shared with those who watch or stop a campaign.
///
/// # Examples
/// ```
/// use std::sync::atomic::Ordering::Relaxed;
/// use seriatim_campaign::{Budget, CampaignConfig, Control, Lanes, run};
///
/// let control = Control::default();
/// control.stop.store(true, Relaxed); // As Ctrl-C does, from another thread.
/// let budget = Budget::Time(std::time::Duration::from_secs(3_600));
/// let report = run(&CampaignConfig::of(Lanes::Plans, budget), &[], &control)?;
/// assert_eq!(report.statistics.executions, 0, "an hour was allowed, and it still reports");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Control {
    /// Set it to end the campaign early; it still reports.
    pub stop: AtomicBool,
    /// Executions done so far.
    pub executions: AtomicU64,
    /// Transactions in them.
    pub transactions: AtomicU64,
    /// Per job, the execution under way and when it began.
    under_way: Mutex<BTreeMap<usize, (Instant, u64)>>,
}

impl Control {
    #[expect(clippy::disallowed_methods, reason = "the watchdog alone looks at it")]
    fn begin(&self, job: usize, index: u64) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(job, (Instant::now(), index));
    }

    fn end(&self, job: usize, transactions: u64) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
        self.executions.fetch_add(1, Relaxed);
        self.transactions.fetch_add(transactions, Relaxed);
    }

    /// The index of an execution that has been under way for longer than `limit`.
    pub(super) fn overdue(&self, limit: Duration) -> Option<u64> {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.values().find(|(begun, _)| begun.elapsed() > limit).map(|(_, index)| *index)
    }
}

impl Jobs<'_> {
    /// Runs the jobs that `start` makes, one on each thread. They look at `control.stop` between executions.
    ///
    /// # Errors
    /// The first error of `start`, by the number of the job; the jobs that could start have run.
    pub fn run<J: Job, E: Send>(
        &self,
        control: &Control,
        start: impl Fn() -> Result<J, E> + Sync,
    ) -> Result<Done<J::Sums, J::Found>, E> {
        let shared = Shared::new(*self, control);
        let results: Vec<Result<J::Sums, E>> = std::thread::scope(|scope| {
            let (shared, start) = (&shared, &start);
            let work = |number| scope.spawn(move || Ok(shared.work(number, start()?)));
            let threads: Vec<_> = (0..self.jobs.max(1)).map(work).collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.map(|result| result.unwrap_or_else(|payload| std::panic::resume_unwind(payload))).collect()
        });
        let mut sums = J::Sums::default();
        for result in results {
            sums.merge(result?);
        }
        Ok(shared.done(sums))
    }
}

/// What the jobs of one campaign share.
struct Shared<'a, F> {
    jobs: Jobs<'a>,
    control: &'a Control,
    begun: Instant,
    next: AtomicU64,
    /// No index from here on is executed. A violation lowers it, so which one is reported does not depend on the jobs' pace.
    limit: AtomicU64,
    found: Mutex<BTreeMap<Signature, First<F>>>,
}

impl<'a, F> Shared<'a, F> {
    #[expect(clippy::disallowed_methods, reason = "the budget may be a time")]
    fn new(jobs: Jobs<'a>, control: &'a Control) -> Self {
        let limit = match jobs.budget {
            Budget::Executions(executions) => executions,
            Budget::Time(_) => u64::MAX,
        };
        let (next, limit) = (AtomicU64::new(0), AtomicU64::new(limit));
        Self { jobs, control, begun: Instant::now(), next, limit, found: Mutex::default() }
    }

    fn work<J: Job<Found = F>>(&self, number: usize, mut job: J) -> J::Sums {
        while let Some(index) = self.next_index() {
            self.control.begin(number, index);
            let Execution { transactions, found } = job.execute(index);
            if let Some((signature, found)) = found {
                self.keep(index, signature, found);
            }
            self.control.end(number, transactions);
        }
        job.end()
    }

    fn next_index(&self) -> Option<u64> {
        let is_over = matches!(self.jobs.budget, Budget::Time(time) if self.begun.elapsed() >= time);
        if is_over || self.control.stop.load(Relaxed) {
            return None;
        }
        let index = self.next.fetch_add(1, Relaxed);
        (index < self.limit.load(Relaxed)).then_some(index)
    }

    /// Keeps a violation, or counts it, if one of its signature at a lower index is there.
    fn keep(&self, index: u64, signature: Signature, found: F) {
        if !self.jobs.keep_going && self.jobs.waivers.because(&signature).is_none() {
            self.limit.fetch_min(index, Relaxed);
        }
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.get(&signature).map_or(0, |first| first.times) + 1;
        match all.get_mut(&signature) {
            Some(first) if first.index < index => first.times = times,
            Some(_) | None => {
                all.insert(signature, First { index, times, found });
            }
        }
    }

    fn done<S>(self, sums: S) -> Done<S, F> {
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_waived = |signature: &Signature| self.jobs.waivers.because(signature).is_some();
        let (waived, found): (Vec<_>, Vec<_>) = found.into_iter().partition(|(signature, _)| is_waived(signature));
        let in_order = |found: Vec<(Signature, First<F>)>| {
            let mut found: Vec<_> = found.into_iter().map(|(_, first)| first).collect();
            found.sort_by_key(|first| first.index);
            found
        };
        let (waived, mut found) = (in_order(waived), in_order(found));
        if !self.jobs.keep_going {
            // Jobs that were ahead may have met others; which ones is chance.
            found.truncate(1);
            for first in &mut found {
                first.times = 1;
            }
        }
        Done { sums, found, waived, time: self.begun.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use seriatim_lab::compare::{Difference, Oracle, Violation};

    use super::*;

    #[derive(Debug, Default, PartialEq, Eq)]
    struct Indices(u64);

    impl Sums for Indices {
        fn merge(&mut self, other: Self) {
            self.0 += other.0;
        }
    }

    /// Counts its indices, and finds something at 13, 20, 27 and so on; at 20 something else.
    #[derive(Default)]
    struct Finding(Indices);

    impl Job for Finding {
        type Found = u64;
        type Sums = Indices;

        fn execute(&mut self, index: u64) -> Execution<u64> {
            self.0.0 += 1;
            let field = if index == 20 { "other" } else { "field" };
            let violation = Violation::new(Oracle::State, "subject", Difference::new(field, 0, 1));
            let found = (index > 12 && index % 7 == 6).then(|| (violation.signature(), index));
            Execution { transactions: 2, found }
        }

        fn end(self) -> Indices {
            self.0
        }
    }

    fn run(jobs: usize, keep_going: bool) -> (u64, Vec<(u64, u64, u64)>) {
        let control = Control::default();
        let waivers = &Waivers::default();
        let jobs = Jobs { budget: Budget::Executions(100), jobs, keep_going, waivers };
        let start = || Ok::<_, Infallible>(Finding::default());
        let Ok(Done { sums, found, .. }) = jobs.run(&control, start);
        assert_eq!(control.transactions.load(Relaxed), 2 * sums.0);
        (sums.0, found.into_iter().map(|first| (first.index, first.times, first.found)).collect())
    }

    #[test]
    fn the_first_violation_is_reported_whatever_the_number_of_jobs() {
        for jobs in [1, 2, 5] {
            let (executed, found) = run(jobs, false);
            assert_eq!(found, [(13, 1, 13)]);
            assert!((14..100).contains(&executed), "{executed}");
        }
    }

    #[test]
    fn what_is_waived_is_counted_and_ends_nothing() {
        let violation = Violation::new(Oracle::State, "subject", Difference::new("field", 0, 1));
        let mut waivers = Waivers::default();
        waivers.add(violation.signature(), "known".to_owned());
        let jobs = Jobs { budget: Budget::Executions(100), jobs: 2, keep_going: false, waivers: &waivers };
        let Ok(done) = jobs.run(&Control::default(), || Ok::<_, Infallible>(Finding::default()));
        let indices = |found: &[First<u64>]| found.iter().map(|first| first.index).collect::<Vec<_>>();
        assert_eq!((indices(&done.waived), indices(&done.found)), (vec![13], vec![20]));
    }

    #[test]
    fn violations_of_one_signature_are_counted_and_the_first_is_kept() {
        for jobs in [1, 4] {
            assert_eq!(run(jobs, true), (100, vec![(13, 12, 13), (20, 1, 20)]));
        }
    }
}
