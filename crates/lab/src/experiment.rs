//! A scenario on a path of the chain, as an experiment.

use std::sync::{Arc, Mutex, PoisonError};

use crate::compare::{Lawful, judge_knowing};
use crate::workload::{Expectation, Scenario};
use seriatim_explore::model::{Anatomy, Model};
use seriatim_explore::{Experiment, Interleaver};
use seriatim_tos::chain::ExecutionPath;
use seriatim_tos::storage::Layer;
use seriatim_verdict::Verdict;

use crate::anatomy::account_facts;
use crate::drive::{LayerSource, Observation, Paths, Runner, Start};

/// A scenario and what the reference says of it, on a path of the chain.
pub struct ChainExperiment {
    scenario: Scenario,
    expectation: Expectation,
    lawful: Lawful,
    start: Start,
    paths: Paths,
    layer: LayerSource,
    last: Option<LastObservation>,
}

/// The observation of the execution that came to its end last. Clones are handles on the same one.
#[derive(Clone, Debug, Default)]
pub struct LastObservation(Arc<Mutex<Option<Observation>>>);

impl LastObservation {
    /// Takes it out. None: no execution has come to its end since the last call.
    pub fn take(&self) -> Option<Observation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, observation: Observation) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(observation);
    }
}

impl ChainExperiment {
    /// Asks the reference what should come of `scenario`.
    pub fn new(scenario: &Scenario, paths: impl Into<Paths>) -> Self {
        Self::expecting(scenario, Expectation::of(scenario), paths)
    }

    /// The same where the answer is known already.
    pub(crate) fn expecting(scenario: &Scenario, expectation: Expectation, paths: impl Into<Paths>) -> Self {
        let start = Start::expecting(scenario, &expectation);
        let (scenario, lawful) = (scenario.clone(), Lawful::of(scenario, &expectation));
        Self { scenario, expectation, lawful, start, paths: paths.into(), layer: LayerSource::default(), last: None }
    }

    /// V3 alone.
    pub fn v3(scenario: &Scenario) -> Self {
        Self::new(scenario, ExecutionPath::Parallel)
    }

    /// Puts a layer around the storage; each execution gets a clone of it.
    #[must_use]
    pub fn with_layer(self, layer: impl Layer + Clone) -> Self {
        Self { layer: LayerSource::cloning(layer), ..self }
    }

    /// Leaves each observation with `last`, for whoever shows what an executor did.
    #[must_use]
    pub fn keeping(self, last: &LastObservation) -> Self {
        Self { last: Some(last.clone()), ..self }
    }

    /// Makes it ready for searches.
    pub fn ready(self) -> Interleaver {
        Interleaver::of(self)
    }
}

impl Experiment for ChainExperiment {
    fn name(&self) -> String {
        self.paths.name().to_owned()
    }

    fn run(&self, runtime: Model, max_parallelism: usize, subject: &str) -> Verdict {
        let runner = Runner {
            paths: self.paths,
            salt: max_parallelism as u64,
            max_parallelism,
            suspends: true,
            layer: self.layer.clone(),
        };
        let observation = runner.run(&runtime, &self.scenario, &self.start);
        let observation = Observation { subject: subject.to_owned(), ..observation };
        let verdict =
            judge_knowing(&self.scenario, &self.expectation, &self.lawful, std::slice::from_ref(&observation));
        if let Some(last) = &self.last {
            last.keep(observation);
        }
        verdict
    }

    fn tasks(&self) -> usize {
        self.scenario.tx_count()
    }

    fn anatomy(&self) -> Anatomy {
        account_facts
    }
}
