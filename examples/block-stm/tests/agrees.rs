//! The executor under every schedule that the harness thinks of.

use block_stm_example::{Account, Executor, Payment};
use seriatim::ledger::{AccountKey, AssetId};
use seriatim::subject::{Answer, Assumption, Capabilities, Figure, Request, shuttle_test};

shuttle_test!(agrees_under_every_schedule, capabilities(), |request| answer(Executor::default(), request));

pub fn capabilities() -> Capabilities {
    let mut mine = Capabilities { assumes: [Assumption::AllValid].into(), ..Capabilities::new("block-stm") };
    mine.reports.figures.insert(Figure::Fees);
    mine
}

pub fn answer(executor: Executor, request: &Request) -> Answer {
    let (given, mut answer) = (&request.block.transactions, Answer::unchanged(request));
    let before = request.state.accounts.iter();
    let before = before.map(|(key, has)| (key.0, Account { nonce: has.nonce, balance: has.owned(AssetId::TOS) }));
    let block = given.iter().map(|given| {
        let (body, to) = (&given.transaction.body, given.transfers().iter().map(|to| (to.destination.0, to.amount)));
        Payment { from: body.source.0, nonce: body.nonce, fee: body.fee, to: to.collect() }
    });
    let (after, fees) = executor.execute(&before.collect(), &block.collect::<Vec<_>>(), request.workers as usize);
    for (key, account) in after {
        let entry = answer.state.accounts.entry(AccountKey(key)).or_default();
        (entry.nonce, _) = (account.nonce, entry.balances.insert(AssetId::TOS, account.balance));
    }
    answer.figures.fees = Some(fees);
    answer
}
