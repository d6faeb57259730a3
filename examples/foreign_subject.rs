//! An external executor: a lock per account, a task per transaction, and one real race. It shows what it takes to have
//! one's own executor judged, and what a judgement looks like:
//!
//!     cargo run --release --example foreign_subject -- campaign --executions 1000
//!     cargo run --release --example foreign_subject -- replay artifacts/state-….json
//!     cargo run --release --example foreign_subject -- report artifacts/state-….json --html race.html
//!
//! It is written over `Runtime`, so its interleavings can be chosen, and a violation comes with the schedule that shows it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;

use seriatim::prelude::*;

/// Every account behind a lock of its own.
type Accounts<R> = BTreeMap<AccountKey, <R as Runtime>::RwLock<Account>>;

struct LockPerAccount;

impl RuntimeSubject for LockPerAccount {
    /// Payments in TOS between accounts that exist, all of them valid: nothing is checked here, so nothing else may come.
    fn capabilities(&self) -> Capabilities {
        let assumes = BTreeSet::from([Assumption::AllValid]);
        Capabilities { assumes, ..Capabilities::new("lock per account") }
    }

    async fn execute<R: Runtime>(&self, runtime: &R, request: &Request) -> Answer {
        let locked = |account: &Account| runtime.rw_lock("account", account.clone());
        let accounts: Arc<Accounts<R>> =
            Arc::new(request.state.accounts.iter().map(|(key, account)| (*key, locked(account))).collect());
        let transactions: Vec<_> = request.block.transactions.iter().map(|given| given.transaction.clone()).collect();
        let permits = runtime.semaphore("workers", request.workers as usize);
        for wave in waves(&transactions) {
            let mut tasks = runtime.join_set("wave");
            for transaction in wave {
                let permit = permits.acquire().await;
                let (runtime, accounts, transaction) = (runtime.clone(), Arc::clone(&accounts), transaction.clone());
                tasks.spawn(async move {
                    let _permit = permit;
                    apply(&runtime, &accounts, &transaction).await;
                });
            }
            while let Some((_, ended)) = tasks.join_next().await {
                ended.expect("no task panics");
            }
        }
        let mut answer = Answer { id: request.id, ..Answer::default() };
        for (key, account) in &*accounts {
            answer.state.accounts.insert(*key, account.read().await.clone());
        }
        answer.outcomes = vec![Outcome::Executed; transactions.len()];
        answer
    }
}

/// Debits and credits, each under the account's lock.
async fn apply<R: Runtime>(runtime: &R, accounts: &Accounts<R>, transaction: &Transaction) {
    let body = &transaction.body;
    let Payload::Transfers(transfers) = &body.data else { unreachable!("only payments are supported") };
    let spent = body.fee + transfers.iter().map(|transfer| transfer.amount).sum::<u64>();
    {
        let mut source = accounts[&body.source].write().await;
        source.nonce = source.nonce.max(body.nonce + 1);
        let owned = source.balances.entry(AssetId::TOS).or_default();
        *owned = owned.saturating_sub(spent);
    }
    for transfer in transfers {
        let destination = &accounts[&transfer.destination];
        // The race: what was read is out of date as soon as the first guard is gone.
        let owned = destination.read().await.balances.get(&AssetId::TOS).copied().unwrap_or(0);
        runtime.yield_now().await;
        destination.write().await.balances.insert(AssetId::TOS, owned + transfer.amount);
    }
}

/// Runs of transactions that may run side by side: nobody in one spends what another there receives or spends. Credits to
/// one account add up in any order, so they may meet.
fn waves(transactions: &[Transaction]) -> Vec<Vec<&Transaction>> {
    let (mut waves, mut spending, mut receiving) = (vec![Vec::new()], BTreeSet::new(), BTreeSet::new());
    for transaction in transactions {
        let Payload::Transfers(transfers) = &transaction.body.data else { unreachable!("only payments are supported") };
        let destinations: BTreeSet<_> = transfers.iter().map(|transfer| transfer.destination).collect();
        let source = transaction.body.source;
        if spending.contains(&source) || receiving.contains(&source) || !spending.is_disjoint(&destinations) {
            waves.push(Vec::new());
            (spending, receiving) = (BTreeSet::new(), BTreeSet::new());
        }
        spending.insert(source);
        receiving.extend(destinations);
        waves.last_mut().expect("there is a first wave").push(transaction);
    }
    waves
}

fn main() -> ExitCode {
    seriatim::cli::subject_main(&OverRuntime::new(LockPerAccount))
}
