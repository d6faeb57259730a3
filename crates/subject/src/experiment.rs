//! A subject over a runtime as an experiment: it is asked about block after block.

use std::sync::Arc;

use super::answers::Answers;
use super::{BlockCase, Capabilities, Request, RuntimeSubject, SubjectError, cases, fit};
use seriatim_explore::model::{Action, Key, Model, trace};
use seriatim_explore::{Experiment, Interleaver};
use seriatim_lab::compare::violation;
use seriatim_lab::drive::caught;
use seriatim_lab::workload::Scenario;
use seriatim_runtime::Runtime;
use seriatim_tos::storage::Read;
use seriatim_verdict::{Evidence, Verdict};

/// A subject with its questions.
struct Questions<S> {
    subject: Arc<S>,
    scenario: Scenario,
    capabilities: Arc<Capabilities>,
    cases: Arc<Vec<BlockCase>>,
}

/// A subject on `scenario`, under whatever schedules a search wants. A scenario that does not fit it as a whole has no
/// questions: nothing is wrong with their answers.
pub fn interleaver<S: RuntimeSubject>(subject: Arc<S>, scenario: &Scenario) -> Interleaver {
    let capabilities = Arc::new(subject.capabilities());
    let fits = fit(scenario, &capabilities) == *scenario;
    let cases = Arc::new(if fits { cases(scenario) } else { Vec::new() });
    Interleaver::of(Questions { subject, scenario: scenario.clone(), capabilities, cases })
}

impl<S: RuntimeSubject> Experiment for Questions<S> {
    fn name(&self) -> String {
        self.capabilities.name.clone()
    }

    fn run(&self, runtime: Model, max_parallelism: usize, subject: &str) -> Verdict {
        let mut given = Vec::with_capacity(self.cases.len());
        for case in &*self.cases {
            let request = Request { workers: max_parallelism as u32, ..case.request.clone() };
            let execution = async {
                // As the chain's executors begin a block, for whoever reads the record.
                trace(|| runtime.task(), || Action::Ask { key: Key::of(&Read::Top) });
                self.subject.execute(&runtime, &request).await
            };
            let answer = caught(&runtime, execution).map_err(SubjectError::Panicked);
            let ended = answer.is_err();
            given.push(answer);
            if ended {
                break;
            }
        }
        let blocks = given.len() as u64;
        let answers = Answers { capabilities: Arc::clone(&self.capabilities), cases: Arc::clone(&self.cases), given };
        match answers.first_difference() {
            Some((oracle, difference)) => violation(&self.scenario, oracle, subject, difference).into(),
            None => Verdict::Agree(Evidence { observations: 1, blocks, ..Evidence::default() }),
        }
    }

    fn tasks(&self) -> usize {
        self.cases.iter().map(|case| case.request.block.transactions.len()).sum()
    }
}
