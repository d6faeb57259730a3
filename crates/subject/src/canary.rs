//! Answers that are wrong on purpose, in each thing that a subject says it reports. If one of them passes, agreement with
//! the subject means nothing, and its campaign does not start.

use super::judge::{expected, wrong};
use super::{Answer, Capabilities, Figure, Figures, Outcome, Part, TestVector, scenario_for, vectors};
use seriatim_tos::ledger::{AssetId, Energy, MultiSigConfig};

/// Plans on which a wrong answer may show.
const PLANS: u64 = 32;

/// A wrong answer that was taken for a right one, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectCanary {
    #[error("an answer with another {0} is taken for right: a campaign would prove nothing")]
    Missed(String),
    #[error("the reference's own answer is taken for wrong: {0}")]
    RightRejected(String),
}

/// Checks every spoiled answer. Returns what could not be spoiled, since no block of the plans has it.
///
/// # Errors
/// The first that passes.
pub fn check_answers(capabilities: &Capabilities) -> Result<Vec<String>, SubjectCanary> {
    let mut unseen: Vec<Spoil> = spoils(capabilities);
    for seed in 0..PLANS {
        let (scenario, _) = scenario_for(capabilities, seed);
        for (block, vector) in vectors(&scenario).iter().enumerate() {
            let right = right_answer(capabilities, vector);
            if let Some((_, difference)) = wrong(capabilities, block, vector, &right) {
                return Err(SubjectCanary::RightRejected(difference.to_string()));
            }
            for spoil in std::mem::take(&mut unseen) {
                let mut spoiled = right.clone();
                if !(spoil.change)(&mut spoiled, vector) {
                    unseen.push(spoil);
                } else if wrong(capabilities, block, vector, &spoiled).is_none() {
                    return Err(SubjectCanary::Missed(spoil.name));
                }
            }
        }
    }
    Ok(unseen.into_iter().map(|spoil| spoil.name).collect())
}

/// What the reference would answer, if it were such a subject.
pub fn right_answer(capabilities: &Capabilities, vector: &TestVector) -> Answer {
    let outcomes = vector
        .expected
        .as_ref()
        .map(|receipts| receipts.iter().map(|receipt| expected(capabilities.reports.outcomes, receipt)).collect());
    Answer {
        id: vector.request.id,
        outcomes: outcomes.unwrap_or_default(),
        aborted: vector.expected.as_ref().err().map(|abort| abort.name().to_owned()),
        state: vector.after.clone().into(),
        figures: Figures {
            fees: vector.fees,
            emitted_supply: Some(vector.after.emitted_supply),
            burned_supply: Some(vector.burned_supply),
        },
        notes: Vec::new(),
    }
}

/// One way of being wrong. `change` says whether it could.
struct Spoil {
    name: String,
    change: fn(&mut Answer, &TestVector) -> bool,
}

fn spoils(capabilities: &Capabilities) -> Vec<Spoil> {
    let mut spoils = vec![
        Spoil { name: "outcome".to_owned(), change: another_outcome },
        Spoil {
            name: "number of outcomes".to_owned(),
            change: |answer, vector| {
                answer.outcomes.push(Outcome::Executed);
                vector.expected.is_ok()
            },
        },
    ];
    let of_part = |part: Part| -> fn(&mut Answer, &TestVector) -> bool {
        match part {
            Part::Balances => |answer, vector| {
                changed(answer, vector, |account| {
                    *account.balances.entry(AssetId::TOS).or_default() ^= 1;
                })
            },
            Part::Nonces => |answer, vector| changed(answer, vector, |account| account.nonce ^= 1),
            Part::Multisigs => |answer, vector| {
                changed(answer, vector, |account| {
                    account.multisig = match account.multisig {
                        Some(_) => None,
                        None => Some(MultiSigConfig { threshold: 1, participants: Vec::new() }),
                    };
                })
            },
            Part::Energy => |answer, vector| {
                changed(answer, vector, |account| {
                    account.energy.get_or_insert_with(Energy::default).used ^= 1;
                })
            },
            Part::Accounts => |answer, vector| {
                let source = a_source(vector);
                vector.expected.is_ok() && source.is_some_and(|source| answer.state.accounts.remove(&source).is_some())
            },
            Part::Burned => |answer, vector| {
                *answer.state.burned.entry(AssetId::TOS).or_default() ^= 1;
                vector.expected.is_ok()
            },
        }
    };
    let parts = capabilities.reports.state.iter();
    spoils.extend(parts.map(|&part| Spoil { name: format!("state ({part:?})"), change: of_part(part) }));
    let of_figure = |figure: Figure| -> fn(&mut Answer, &TestVector) -> bool {
        match figure {
            Figure::Fees => |answer, _| flip(&mut answer.figures.fees),
            Figure::EmittedSupply => {
                |answer, vector| vector.expected.is_ok() && flip(&mut answer.figures.emitted_supply)
            }
            Figure::BurnedSupply => |answer, vector| vector.expected.is_ok() && flip(&mut answer.figures.burned_supply),
        }
    };
    let figures = capabilities.reports.figures.iter();
    spoils.extend(figures.map(|&figure| Spoil { name: format!("figure ({figure:?})"), change: of_figure(figure) }));
    spoils
}

fn flip(figure: &mut Option<u64>) -> bool {
    figure.as_mut().map(|value| *value ^= 1).is_some()
}

fn another_outcome(answer: &mut Answer, _case: &TestVector) -> bool {
    let Some(first) = answer.outcomes.first_mut() else { return false };
    *first = if *first == Outcome::Executed { Outcome::Failed } else { Outcome::Executed };
    true
}

/// The source of some transaction, if it is registered: neither miner nor dev account, where those do not count.
fn a_source(vector: &TestVector) -> Option<seriatim_tos::ledger::AccountKey> {
    let bystanders = [vector.request.block.miner, vector.request.parameters.dev_account];
    let sources = vector.request.block.transactions.iter().map(|given| given.transaction.body.source);
    sources.into_iter().find(|source| vector.after.accounts.contains_key(source) && !bystanders.contains(source))
}

fn changed(answer: &mut Answer, vector: &TestVector, change: fn(&mut super::Account)) -> bool {
    let Some(source) = a_source(vector).filter(|_| vector.expected.is_ok()) else { return false };
    change(answer.state.accounts.entry(source).or_default());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spoiled_answer_is_rejected_and_every_right_one_accepted() {
        for capabilities in [Capabilities::everything("all"), Capabilities::new("payments")] {
            assert_eq!(check_answers(&capabilities), Ok(Vec::new()), "{}", capabilities.name);
        }
    }

    #[test]
    fn what_is_not_reported_may_be_wrong() {
        let capabilities = Capabilities::new("payments");
        let (scenario, _) = scenario_for(&capabilities, 1);
        let vectors = vectors(&scenario);
        let vector = vectors.iter().find(|vector| a_source(vector).is_some()).unwrap();
        let mut answer = right_answer(&capabilities, vector);
        assert!(changed(&mut answer, vector, |account| account.energy = Some(Energy::default())));
        answer.figures.fees = None;
        assert_eq!(wrong(&capabilities, 0, vector, &answer), None);
        assert!(changed(&mut answer, vector, |account| account.nonce += 1));
        assert!(wrong(&capabilities, 0, vector, &answer).is_some());
    }
}
