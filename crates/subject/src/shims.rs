//! Subjects of plain concurrent Rust, whose threads, locks and atomics are those of the shims.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::experiment::Interleaves;
use super::{Answer, Capabilities, Request, Subject, SubjectError};
use seriatim_explore::model::{Model, ModelSettings, control};
use seriatim_explore::{Ending, Experiment, InterleaveConfig, Interleaver, Strategy};
use seriatim_verdict::{Evidence, Verdict};

/// An executor whose threads, locks, atomics and channels are those of `seriatim-shims`, or shuttle's own. It is not
/// written for the harness: a scheduler chooses its interleavings all the same, each is recorded, and replays exactly.
///
/// What it does must depend on the request and on the schedule alone: not on the clock, on the order of a `HashMap` with
/// random keys, or on statics.
///
/// # Examples
/// Two threads add up the block's fees, each with a load and a store.
///
/// ```
/// use seriatim_shims::sync::atomic::{AtomicU64, Ordering};
/// use seriatim_shims::thread;
/// # use seriatim_subject::{Answer, Assumption, Capabilities, Check, Figure, Outcome, OverShims, Request, ShuttleSubject};
///
/// struct LosesFees;
///
/// impl ShuttleSubject for LosesFees {
///     fn capabilities(&self) -> Capabilities {
///         let mut capabilities = Capabilities::new("loses fees");
///         capabilities.assumes.insert(Assumption::AllValid);
///         capabilities.reports.figures.insert(Figure::Fees);
///         capabilities
///     }
///
///     fn execute(&self, request: &Request) -> Answer {
///         let fees = AtomicU64::new(0);
///         thread::scope(|scope| {
///             for given in &request.block.transactions {
///                 let (fees, fee) = (&fees, given.transaction.body.fee);
///                 scope.spawn(move || {
///                     let before = fees.load(Ordering::SeqCst);
///                     fees.store(before + fee, Ordering::SeqCst);
///                 });
///             }
///         });
///         // What is paid is right.
///         let mut answer = Answer { id: request.id, ..Answer::default() };
/// #       answer.state = seriatim_subject::answer_by_reference(request).after.into();
///         answer.outcomes = vec![Outcome::Executed; request.block.transactions.len()];
///         answer.figures.fees = Some(fees.load(Ordering::SeqCst).into());
///         answer
///     }
/// }
///
/// # let folder = tempfile::tempdir()?;
/// let check = Check::of(OverShims::new(LosesFees)).regressions(folder.path());
/// let report = check.judge().unwrap_err().to_string();
/// assert!(report.contains("smaller  2 of") && report.contains("Why: lost update"), "{report}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ShuttleSubject: Send + Sync + 'static {
    /// See [`Subject::capabilities`].
    fn capabilities(&self) -> Capabilities;

    /// Executes one block, with as many threads as the request has workers. No thread may be left running. It may panic:
    /// the panic is a violation.
    fn execute(&self, request: &Request) -> Answer;
}

/// An executor that is a function.
impl<F: Fn(&Request) -> Answer + Send + Sync + 'static> ShuttleSubject for (Capabilities, F) {
    fn capabilities(&self) -> Capabilities {
        self.0.clone()
    }

    fn execute(&self, request: &Request) -> Answer {
        (self.1)(request)
    }
}

/// A subject built on the shims, for an engine.
pub struct Shimmed<S>(pub Arc<S>);

impl<S: ShuttleSubject> Interleaves for Shimmed<S> {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    /// The runtime is not asked for anything: the shims find the engine themselves.
    fn answer(&self, _: &Model, request: &Request) -> Result<Answer, SubjectError> {
        control::catch(|| self.0.execute(request)).map_err(|panic| SubjectError::Panicked(control::panic_text(&*panic)))
    }
}

/// The same as a subject that is asked once: the request's seed chooses the schedule.
pub struct UnderControl<S>(Arc<Shimmed<S>>);

impl<S: ShuttleSubject> UnderControl<S> {
    pub fn new(subject: &Arc<S>) -> Self {
        Self(Arc::new(Shimmed(Arc::clone(subject))))
    }
}

impl<S: ShuttleSubject> Subject for UnderControl<S> {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError> {
        let given = Arc::new(Mutex::new(None));
        let question = Question { subject: Arc::clone(&self.0), request: request.clone(), given: Arc::clone(&given) };
        let config = InterleaveConfig {
            strategy: Strategy::Random,
            seed: request.seed,
            executions: 1,
            max_parallelism: request.workers as usize,
            settings: ModelSettings { workers: None, shards: 1, placement_seed: request.seed },
        };
        let mut unended = None;
        Interleaver::of(question).explore(&config, |interleaved| {
            unended = match interleaved.ending {
                Ending::Complete => None,
                Ending::Stuck(_) | Ending::Endless(_) => interleaved.verdict.into_violation(),
            };
            ControlFlow::Break(())
        });
        match unended {
            Some(violation) => Err(SubjectError::Unended(violation.difference.to_string())),
            None => given
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                .expect("an execution that comes to its end leaves an answer"),
        }
    }
}

/// One request, whose answer is kept.
struct Question<S> {
    subject: Arc<Shimmed<S>>,
    request: Request,
    given: Arc<Mutex<Option<Result<Answer, SubjectError>>>>,
}

impl<S: ShuttleSubject> Experiment for Question<S> {
    fn name(&self) -> String {
        self.subject.capabilities().name
    }

    fn run(&self, runtime: Model, _: usize, _: &str) -> Verdict {
        let answer = self.subject.answer(&runtime, &self.request);
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Verdict::Agree(Evidence::default())
    }

    fn tasks(&self) -> usize {
        self.request.block.transactions.len()
    }
}
