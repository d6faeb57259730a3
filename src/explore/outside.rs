//! A subject from outside as a program: asked about block after block, on a model runtime.

use std::sync::Arc;

use super::drive::caught;
use super::{Interleaver, Observation, Program};
use crate::runtime::Runtime;
use crate::runtime::model::{Action, Key, Model, trace};
use crate::storage::Read;
use crate::subject::{Answers, BlockCase, Capabilities, Request, RuntimeSubject, SubjectError, cases, fit};
use crate::workload::Scenario;

/// A subject with its questions.
struct Outside<S> {
    subject: Arc<S>,
    capabilities: Arc<Capabilities>,
    cases: Arc<Vec<BlockCase>>,
}

impl Interleaver {
    /// A subject over a runtime. A scenario that does not fit it as a whole has no questions: nothing is wrong with
    /// their answers.
    pub fn outside<S: RuntimeSubject>(subject: Arc<S>, scenario: &Scenario) -> Self {
        let capabilities = Arc::new(subject.capabilities());
        let fits = fit(scenario, &capabilities) == *scenario;
        let cases = Arc::new(if fits { cases(scenario) } else { Vec::new() });
        Self::of(Outside { subject, capabilities, cases })
    }
}

impl<S: RuntimeSubject> Program for Outside<S> {
    fn run(&self, runtime: Model, max_parallelism: usize) -> Observation {
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
        Observation {
            subject: self.capabilities.name.clone(),
            max_parallelism: Some(max_parallelism),
            suspends: false,
            worker_threads: 1,
            steps: Vec::new(),
            ledgers: Vec::new(),
            undone: None,
            broken: None,
            answers: Some(Answers {
                capabilities: Arc::clone(&self.capabilities),
                cases: Arc::clone(&self.cases),
                given,
            }),
        }
    }

    fn transactions(&self) -> usize {
        self.cases.iter().map(|case| case.request.block.transactions.len()).sum()
    }
}
