//! The project's own paths as subjects like any other, and any subject over a runtime on tokio.

use std::sync::Arc;

use super::{
    Account, Answer, Capabilities, Figures, Outcome, PreState, Request, RuntimeSubject, Subject, SubjectError,
    TestVector,
};
use seriatim_lab::drive::{Threads, TokioRuntimes};
use seriatim_runtime::{Native, Probed, Runtime};
use seriatim_tos::chain::{Blockchain, ExecutionPath};
use seriatim_tos::execution::reference::Reference;
use seriatim_tos::execution::{BlockError, ParallelExecutor};
use seriatim_tos::ledger::{Genesis, GenesisAccount, Hash};
use seriatim_tos::storage::{Executed, Layered, LedgerState, MemoryStorage, Suspend};

/// A path of the chain, on memory whose every read suspends.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinPath(pub ExecutionPath);

impl RuntimeSubject for BuiltinPath {
    fn capabilities(&self) -> Capabilities {
        Capabilities::everything(self.0.name())
    }

    async fn execute<R: Runtime>(&self, runtime: &R, request: &Request) -> Answer {
        let memory = Arc::new(MemoryStorage::from_state(request.state.to_ledger()));
        let suspending = Arc::new(Layered::new(Arc::clone(&memory), Suspend(runtime.clone())));
        let executor = ParallelExecutor::new(Probed::new(runtime.clone()), request.workers as usize);
        let executor = executor.expect("a request has at least one worker");
        let mut chain = Blockchain::new(suspending, request.parameters.clone(), executor);
        let block = request.block.to_block().seal();
        let applied = chain.ordering_run().apply(&block, self.0).await;
        let (outcomes, aborted) = match applied {
            Ok(receipts) => {
                let told = |receipt| super::judge::expected(super::OutcomeDetail::Errors, receipt);
                (receipts.iter().map(told).collect(), None)
            }
            Err(BlockError::Aborted(abort)) => (Vec::<Outcome>::new(), Some(abort)),
            Err(error @ (BlockError::Storage(_) | BlockError::Tasks(_))) => panic!("{error}"),
        };
        let aborted = aborted.map(|abort| abort.name().to_owned());
        memory.inspect(|ledger| {
            let metadata = &ledger.metadata[&ledger.top];
            let figures = Figures {
                fees: aborted.is_none().then_some(metadata.fees),
                emitted_supply: Some(metadata.emitted_supply),
                burned_supply: Some(metadata.burned_supply),
            };
            let state = PreState::of(ledger, &block).into();
            Answer { id: request.id, outcomes, aborted, state, figures, notes: Vec::new() }
        })
    }
}

/// What the reference makes of a request alone.
///
/// # Examples
/// ```
/// use seriatim_subject::{Capabilities, answer_by_reference, scenario_for, vectors};
///
/// let (scenario, _) = scenario_for(&Capabilities::new("mine"), 7);
/// let vector = vectors(&scenario).remove(0);
/// assert_eq!(answer_by_reference(&vector.request).expected, vector.expected, "a request has all that is needed");
/// ```
pub fn answer_by_reference(request: &Request) -> TestVector {
    let mut reference = Reference::on(&request.parameters, request.state.to_ledger());
    super::vectors::vector(&request.parameters, &mut reference, &request.block.to_block())
}

impl PreState {
    /// A ledger with these as its newest values, all written at genesis.
    fn to_ledger(&self) -> LedgerState {
        let Self { topoheight, accounts, assets, burned, emitted_supply, executed } = self;
        let account = |account: &Account| {
            let Account { nonce, balances, multisig, energy } = account.clone();
            GenesisAccount { nonce, balances, multisig, energy }
        };
        let genesis = Genesis {
            accounts: accounts.iter().map(|(&key, given)| (key, account(given))).collect(),
            assets: assets.clone(),
            burned: burned.clone(),
            emitted_supply: *emitted_supply,
            ..Genesis::default()
        };
        let mut ledger = LedgerState::from_genesis(&genesis);
        ledger.top = *topoheight;
        let metadata = ledger.metadata.remove(&0).expect("genesis leaves its metadata");
        ledger.metadata.insert(*topoheight, metadata);
        let before = Executed { topoheight: *topoheight, block: Hash::ZERO };
        ledger.executed = executed.iter().map(|&hash| (hash, before)).collect();
        ledger
    }
}

/// A subject over a runtime, on tokio: on one thread, or on two, by the request's seed.
#[derive(Debug)]
pub struct OnTokio<S> {
    subject: Arc<S>,
    engine: TokioRuntimes,
}

impl<S: RuntimeSubject> OnTokio<S> {
    /// Starts the tokio runtimes.
    ///
    /// # Errors
    /// `Start` if the operating system refuses a thread.
    pub fn new(subject: Arc<S>) -> Result<Self, SubjectError> {
        let engine = TokioRuntimes::new()
            .map_err(|error| SubjectError::Start { command: subject.capabilities().name, reason: error.to_string() })?;
        Ok(Self { subject, engine })
    }
}

impl<S: RuntimeSubject> Subject for OnTokio<S> {
    fn capabilities(&self) -> Capabilities {
        self.subject.capabilities()
    }

    fn execute(&mut self, request: &Request) -> Result<Answer, SubjectError> {
        let threads = if request.seed.is_multiple_of(2) { Threads::One } else { Threads::Two };
        let runtime = Native::with_hash_seed(request.seed);
        Ok(self.engine.block_on(threads, self.subject.execute(&runtime, request)))
    }
}
