//! What a wrong balance lacks or has too much, where the subject cannot be run again step by step: often it is just what one
//! transaction of the block moves.

use seriatim_lab::compare::{Key, Oracle, Role, Violation};
use seriatim_lab::workload::Scenario;
use seriatim_tos::ledger::{AccountKey, Amount, AssetId, Block, FeeType, Payload};

use super::words::wrong;
use super::{Anomaly, Explanation};

/// What can be said of a violation by looking at its block alone.
pub fn explain_amount(scenario: &Scenario, violation: &Violation) -> Explanation {
    let mut sentences = Vec::new();
    let mut anomaly = Anomaly::Unnamed;
    if let Some(found) = Balance::of(scenario, violation) {
        let moved = found.moved();
        // What is there twice is no effect that is missing.
        let lacks = found.actual < found.expected;
        anomaly = if moved.is_empty() || !lacks { anomaly } else { Anomaly::MissingEffect };
        sentences.extend(moved);
    }
    sentences.push(wrong(violation));
    Explanation::told(anomaly, sentences)
}

/// A balance that differs.
struct Balance<'a> {
    block: &'a Block,
    account: AccountKey,
    asset: AssetId,
    expected: Amount,
    actual: Amount,
}

impl<'a> Balance<'a> {
    fn of(scenario: &'a Scenario, violation: &Violation) -> Option<Self> {
        let difference = &violation.difference;
        let block = scenario.blocks().nth(difference.place.block?)?;
        let field = Some(&difference.field).filter(|field| field.is("balance"))?;
        let (account, asset) = (field.key_of(Role::Account)?, field.key_of(Role::Asset)?);
        let touched =
            block.transactions.iter().flat_map(|tx| seriatim_tos::ledger::rules::footprint(&tx.body).accounts);
        let (account, asset) = touched
            .flat_map(|(key, assets)| assets.into_iter().map(move |asset| (key, asset)))
            .find(|(key, found)| Key::of(key) == *account && Key::of(found) == *asset)?;
        let (expected, actual) = (difference.expected.number()?, difference.actual.number()?);
        (violation.oracle == Oracle::State).then_some(Self { block, account, asset, expected, actual })
    }

    /// A sentence for each transaction that moves just what differs.
    fn moved(&self) -> Vec<String> {
        let (by, lacks) = (self.expected.abs_diff(self.actual), self.actual < self.expected);
        let transactions = self.block.transactions.iter().enumerate();
        let said = transactions.flat_map(|(index, tx)| {
            let mut said = Vec::new();
            let body = &tx.body;
            let spends = |said: &mut Vec<String>, amount: u64, what: &str| {
                if body.source == self.account && amount == by && !lacks {
                    said.push(format!("The {by} too many are {what} of tx {index}, as if it had not been debited."));
                }
            };
            if let Payload::Transfers(transfers) = &body.data {
                for transfer in transfers.iter().filter(|transfer| transfer.asset == self.asset) {
                    if transfer.destination == self.account && transfer.amount == by && lacks {
                        said.push(format!(
                            "The {by} too few are what tx {index} pays to it, as if that had been lost."
                        ));
                    }
                    if transfer.destination == self.account && transfer.amount == by && !lacks {
                        said.push(format!(
                            "The {by} too many are what tx {index} pays to it, as if it had come twice."
                        ));
                    }
                    spends(&mut said, transfer.amount, "a transfer");
                }
            }
            if self.asset == AssetId::TOS && body.fee_type == FeeType::Tos && body.fee > 0 {
                spends(&mut said, body.fee, "the fee");
            }
            said
        });
        said.collect()
    }
}
