//! One case on one executor, which judges itself.

use std::ops::ControlFlow;

use crate::model::{Anatomy, Model, Waiting};
use seriatim_verdict::{Difference, Oracle, Verdict, Violation};

/// One case on one executor, ready to be run as often as a search likes. It judges itself: a search sees verdicts and never
/// what an executor did.
pub trait Experiment: Send + Sync {
    /// What the executor is called in reports.
    fn name(&self) -> String;

    /// Runs once, from the same start each time, with at most so many tasks at a time, and judges what came of it. `subject` is
    /// what the executor is called in a violation.
    fn run(&self, runtime: Model, max_parallelism: usize, subject: &str) -> Verdict;

    /// Tasks of all blocks together.
    fn tasks(&self) -> usize;

    /// What recorded values consist of, for comparing them.
    fn anatomy(&self) -> Anatomy {
        |_| None
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ran to its end.
    Complete,
    /// Nothing could run any more, and these tasks waited.
    Stuck(Vec<Waiting>),
    /// It was cut off after so many steps.
    Endless(usize),
}

/// One execution, judged.
#[derive(Debug)]
pub struct Judged {
    pub ending: Ending,
    pub verdict: Verdict,
}

impl Judged {
    /// An execution that came to its end.
    pub(super) fn complete(verdict: Verdict) -> Self {
        Self { ending: Ending::Complete, verdict }
    }

    /// An execution of `subject` in which nothing could run any more. A task that waits for a lock, a shard or a worker waits
    /// for another task that holds it, which is a deadlock. If all wait only for permits or for tasks to end, nobody is left
    /// who could give them, and a wake-up was lost.
    pub(super) fn stuck(subject: &str, waiting: Vec<Waiting>) -> Self {
        let tasks: Vec<String> = waiting.iter().map(Waiting::to_string).collect();
        let tasks = if tasks.is_empty() {
            "all sleep, and nothing that the model knows of will wake them".to_owned()
        } else {
            tasks.join("; ")
        };
        let held = waiting.iter().any(Waiting::held_by_another);
        let oracle = if held { Oracle::Deadlock } else { Oracle::LostWakeup };
        let difference = Difference::new("tasks that can never go on", "none", tasks);
        Self { ending: Ending::Stuck(waiting), verdict: Violation::new(oracle, subject, difference).into() }
    }

    /// An execution of `subject` that took more than `bound` steps.
    pub(super) fn endless(subject: &str, bound: usize) -> Self {
        let difference = Difference::new("steps of the execution", format!("at most {bound}"), "more");
        Self { ending: Ending::Endless(bound), verdict: Violation::new(Oracle::Livelock, subject, difference).into() }
    }

    /// The violation, if it is one.
    pub fn into_violation(self) -> Option<Box<Violation>> {
        self.verdict.into_violation()
    }
}

/// Breaks off at the first violation: what most searches under loom ask for.
pub fn until_violation(judged: Judged) -> ControlFlow<Box<Violation>> {
    judged.into_violation().map_or(ControlFlow::Continue(()), ControlFlow::Break)
}
