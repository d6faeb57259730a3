//! The executor under every schedule that the harness thinks of.

use pooled_example::{Account, Executor, Key, Payment};
use seriatim_subject::{Answer, Assumption, Capabilities, Figure, Request};
use seriatim_tos::ledger::{AccountKey, AssetId};

seriatim_subject::shuttle_test!(agrees_under_every_schedule, capabilities(), |request| answer(
    Executor::default(),
    request
));

pub fn capabilities() -> Capabilities {
    let mut mine = Capabilities { assumes: [Assumption::AllValid].into(), ..Capabilities::new("pooled") };
    mine.reports.figures.insert(Figure::Fees);
    mine
}

pub fn answer(executor: Executor, request: &Request) -> Answer {
    let given = request.state.accounts.iter();
    let before =
        given.map(|(key, has)| (Key(key.0), Account { nonce: has.nonce, balance: has.owned(AssetId::TOS) })).collect();
    let payments = request.block.transactions.iter().map(|given| {
        let (body, to) =
            (&given.transaction.body, given.transfers().iter().map(|to| (Key(to.destination.0), to.amount)));
        Payment { from: Key(body.source.0), nonce: body.nonce, fee: body.fee, to: to.collect() }
    });
    let (after, fees) = executor.execute(&before, &payments.collect::<Vec<_>>(), request.workers as usize);
    let mut answer = Answer::unchanged(request);
    for (key, account) in after {
        let entry = answer.state.accounts.entry(AccountKey(key.0)).or_default();
        (entry.nonce, _) = (account.nonce, entry.balances.insert(AssetId::TOS, account.balance));
    }
    answer.figures.fees = Some(fees);
    answer
}
