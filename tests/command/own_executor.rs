//! An executor as the README and the book show it: a lock for each account, a task for each payment, and no race. The
//! blocks of Rust there are excerpts of this file.

use std::collections::BTreeMap;
use std::sync::Arc;

use seriatim::ledger::{AccountKey, AssetId, Payload, Transaction, Transfer};
use seriatim::runtime::{JoinSet, Runtime, RwLock};
use seriatim::subject::{Account, Answer, Assumption, Capabilities, Outcome, Request, RuntimeSubject};

struct Mine;

impl RuntimeSubject for Mine {
    fn capabilities(&self) -> Capabilities {
        Capabilities { assumes: [Assumption::AllValid].into(), ..Capabilities::new("mine") }
    }

    async fn execute<R: Runtime>(&self, runtime: &R, request: &Request) -> Answer {
        my_executor(runtime, request).await
    }
}

#[test]
fn my_executor_is_seriatim() {
    seriatim::check(Mine);
}

type Accounts<R> = BTreeMap<AccountKey, <R as Runtime>::RwLock<Account>>;

/// Credits the destinations in tasks, and then debits the sources. The order does not matter, because all transactions
/// are valid.
async fn my_executor<R: Runtime>(runtime: &R, request: &Request) -> Answer {
    let mut state = request.state.accounts.clone();
    let owned = |account: &Account| account.balances.get(&AssetId::TOS).copied().unwrap_or(0);
    let mut spent: BTreeMap<AccountKey, u64> = BTreeMap::new();
    for given in &request.block.transactions {
        let body = &given.transaction.body;
        let amounts = transfers(&given.transaction).iter().map(|transfer| transfer.amount).sum::<u64>();
        *spent.entry(body.source).or_default() += body.fee + amounts;
        let source = state.get_mut(&body.source).expect("who pays is registered");
        source.nonce = source.nonce.max(body.nonce + 1);
    }
    let locked = |(key, account)| (key, runtime.rw_lock("account", account));
    let accounts: Arc<Accounts<R>> = Arc::new(state.into_iter().map(locked).collect());
    let mut tasks = runtime.join_set("payments");
    for (number, given) in request.block.transactions.iter().enumerate() {
        let (runtime, accounts) = (runtime.clone(), Arc::clone(&accounts));
        let transaction = given.transaction.clone();
        tasks.spawn(async move {
            runtime.works_on(number);
            for transfer in transfers(&transaction) {
                let mut account = accounts[&transfer.destination].write().await;
                *account.balances.entry(AssetId::TOS).or_default() += transfer.amount;
            }
        });
    }
    while let Some((_, ended)) = tasks.join_next().await {
        ended.expect("no task panics");
    }
    let mut answer = Answer { id: request.id, ..Answer::default() };
    for (key, account) in &*accounts {
        let mut account = account.read().await.clone();
        if let Some(spent) = spent.get(key) {
            let left = owned(&account).checked_sub(*spent).expect("all transactions are valid");
            account.balances.insert(AssetId::TOS, left);
        }
        answer.state.accounts.insert(*key, account);
    }
    answer.outcomes = vec![Outcome::Executed; request.block.transactions.len()];
    answer
}

fn transfers(transaction: &Transaction) -> &[Transfer] {
    let Payload::Transfers(transfers) = &transaction.body.data else { unreachable!("only payments are supported") };
    transfers
}
