//! A chain that is measured.

use std::sync::Arc;

use seriatim_runtime::Native;
use seriatim_tos::chain::{Blockchain, ChainMetrics, ExecutionPath, Modes, ShadowThreads};
use seriatim_tos::execution::ParallelExecutor;
use seriatim_tos::ledger::{Genesis, Parameters};
use seriatim_tos::storage::MemoryStorage;

use crate::exposition::Exposition;
use crate::ledger::parameters;
use crate::test_mode::{self, AMPLE, Memory, native_shadow, testing};

/// A chain with its figures.
pub struct Metered {
    /// The chain.
    pub chain: Blockchain<Memory, Native>,
    /// Its figures.
    pub metrics: ChainMetrics,
}

impl Metered {
    /// A chain with these figures.
    pub fn new(genesis: &Genesis, parameters: &Parameters, modes: Modes, metrics: ChainMetrics) -> Self {
        let memory = Arc::new(MemoryStorage::new(genesis).unwrap());
        let executor = ParallelExecutor::new(metrics.native(3), 2).unwrap();
        let modes = modes.with_metrics(metrics.clone());
        Self { chain: Blockchain::new(memory, parameters.clone(), executor).with_modes(modes), metrics }
    }

    /// A chain on the ledger of [`blocks`](crate::test_mode::blocks).
    pub fn small(modes: Modes) -> Self {
        Self::new(&test_mode::genesis(), &parameters(), modes, ChainMetrics::new())
    }

    /// A chain that tests V3 on every block and counts the tasks of V3.
    pub fn tested(genesis: &Genesis, parameters: &Parameters) -> Self {
        let metrics = ChainMetrics::new();
        let shadow = ShadowThreads::of(native_shadow(ExecutionPath::Parallel).with_metrics(&metrics)).unwrap();
        let modes = Modes::new(testing(AMPLE), Some(shadow)).unwrap();
        Self::new(genesis, parameters, modes, metrics)
    }

    /// The figures as a scraper reads them.
    pub fn read(&self) -> Exposition {
        Exposition::read(&self.metrics.encode())
    }
}
