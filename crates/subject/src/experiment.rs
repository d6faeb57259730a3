//! A subject under engines that choose its interleavings, as an experiment: it is asked about block after block.

use std::sync::Arc;

use super::answers::Answers;
use super::{Answer, Capabilities, Request, RuntimeSubject, SubjectError, TestVector, fit, vectors};
use seriatim_explore::model::{Action, Key, Model, trace};
use seriatim_explore::{Experiment, Interleaver};
use seriatim_lab::compare::violation;
use seriatim_lab::drive::caught;
use seriatim_lab::workload::Scenario;
use seriatim_runtime::Runtime;
use seriatim_tos::storage::Read;
use seriatim_verdict::{Evidence, Verdict};

/// A subject whose tasks an engine runs.
pub trait Interleaves: Send + Sync + 'static {
    fn capabilities(&self) -> Capabilities;

    /// Answers inside an execution; a panic is an error.
    fn answer(&self, runtime: &Model, request: &Request) -> Result<Answer, SubjectError>;
}

impl<S: RuntimeSubject> Interleaves for S {
    fn capabilities(&self) -> Capabilities {
        RuntimeSubject::capabilities(self)
    }

    fn answer(&self, runtime: &Model, request: &Request) -> Result<Answer, SubjectError> {
        caught(runtime, self.execute(runtime, request)).map_err(SubjectError::Panicked)
    }
}

/// A subject with its questions.
struct Questions<S> {
    subject: Arc<S>,
    scenario: Scenario,
    capabilities: Arc<Capabilities>,
    vectors: Arc<Vec<TestVector>>,
}

/// A subject on `scenario`, under whatever schedules a search wants. A scenario that does not fit it as a whole has no
/// questions: nothing is wrong with their answers.
pub fn interleaver<S: Interleaves>(subject: Arc<S>, scenario: &Scenario) -> Interleaver {
    let capabilities = Arc::new(subject.capabilities());
    let fits = fit(scenario, &capabilities) == *scenario;
    let vectors = Arc::new(if fits { vectors(scenario) } else { Vec::new() });
    Interleaver::of(Questions { subject, scenario: scenario.clone(), capabilities, vectors })
}

impl<S: Interleaves> Experiment for Questions<S> {
    fn name(&self) -> String {
        self.capabilities.name.clone()
    }

    fn run(&self, runtime: Model, max_parallelism: usize, subject: &str) -> Verdict {
        let mut given = Vec::with_capacity(self.vectors.len());
        for vector in &*self.vectors {
            let request = Request { workers: max_parallelism as u32, ..vector.request.clone() };
            // As the chain's executors begin a block, for whoever reads the record.
            trace(|| runtime.task(), || Action::Ask { key: Key::of(&Read::Top) });
            let answer = self.subject.answer(&runtime, &request);
            let ended = answer.is_err();
            given.push(answer);
            if ended {
                break;
            }
        }
        let blocks = given.len() as u64;
        let answers =
            Answers { capabilities: Arc::clone(&self.capabilities), vectors: Arc::clone(&self.vectors), given };
        match answers.first_difference() {
            Some((oracle, difference)) => {
                let state = difference.place.block.map(|block| answers.state(block)).unwrap_or_default();
                violation(&self.scenario, oracle, subject, difference).with_state(state).into()
            }
            None => Verdict::Agree(Evidence { observations: 1, blocks, ..Evidence::default() }),
        }
    }

    fn tasks(&self) -> usize {
        self.vectors.iter().map(|vector| vector.request.block.transactions.len()).sum()
    }
}
