//! The executor of the demonstration: it debits every source, and then a task for each payment credits the destinations.
//! Each account has a lock, and there is one race.

use std::collections::BTreeMap;
use std::sync::Arc;

use seriatim_runtime::{JoinSet, Runtime, RwLock};
use seriatim_subject::{Account, Answer, Assumption, Capabilities, Outcome, Request, RuntimeSubject};
use seriatim_tos::ledger::{AccountKey, AssetId, Payload, Transaction, Transfer};

/// Credits at once what the payments of a block pay.
pub(super) struct Racy;

type Accounts<R> = BTreeMap<AccountKey, <R as Runtime>::RwLock<Account>>;

impl RuntimeSubject for Racy {
    fn capabilities(&self) -> Capabilities {
        let assumes = [Assumption::AllValid, Assumption::NoReceiveThenSpend].into();
        Capabilities { assumes, ..Capabilities::new("demo") }
    }

    async fn execute<R: Runtime>(&self, runtime: &R, request: &Request) -> Answer {
        let mut state = request.state.accounts.clone();
        for given in &request.block.transactions {
            debit(&mut state, &given.transaction);
        }
        let locked = |(key, account)| (key, runtime.rw_lock("account", account));
        let accounts: Arc<Accounts<R>> = Arc::new(state.into_iter().map(locked).collect());
        let mut tasks = runtime.join_set("payments");
        for (number, given) in request.block.transactions.iter().enumerate() {
            let (runtime, accounts) = (runtime.clone(), Arc::clone(&accounts));
            let transaction = given.transaction.clone();
            tasks.spawn(async move {
                runtime.works_on(number);
                credit::<R>(&accounts, &transaction).await;
            });
        }
        while let Some((_, ended)) = tasks.join_next().await {
            ended.expect("no task panics");
        }
        let mut answer = Answer { id: request.id, ..Answer::default() };
        for (key, account) in &*accounts {
            answer.state.accounts.insert(*key, account.read().await.clone());
        }
        answer.outcomes = vec![Outcome::Executed; request.block.transactions.len()];
        answer
    }
}

/// Takes amounts and fee from the source, and uses its nonce.
fn debit(accounts: &mut BTreeMap<AccountKey, Account>, transaction: &Transaction) {
    let body = &transaction.body;
    let spent = body.fee + transfers(transaction).iter().map(|transfer| transfer.amount).sum::<u64>();
    let source = accounts.get_mut(&body.source).expect("who pays is registered");
    source.nonce = source.nonce.max(body.nonce + 1);
    *source.balances.entry(AssetId::TOS).or_default() -= spent;
}

/// Gives each destination what it is paid.
async fn credit<R: Runtime>(accounts: &Accounts<R>, transaction: &Transaction) {
    for transfer in transfers(transaction) {
        let account = &accounts[&transfer.destination];
        // The race: the guard of the read is gone before the write begins.
        let owned = account.read().await.balances.get(&AssetId::TOS).copied().unwrap_or(0);
        account.write().await.balances.insert(AssetId::TOS, owned + transfer.amount);
    }
}

fn transfers(transaction: &Transaction) -> &[Transfer] {
    let Payload::Transfers(transfers) = &transaction.body.data else { unreachable!("only payments are supported") };
    transfers
}
