//! A right observation, to be changed in one part, and what is then to be said of it: which oracle, which field, where.

use seriatim_lab::Examiner;
use seriatim_lab::compare::{Oracle, Place, Signature, Violation, judge};
use seriatim_lab::drive::{ChainSubject, Observation, ObservedBlock, ObservedStep};
use seriatim_lab::workload::{Built, ExpectedStep, Plan, Step, build};
use seriatim_tos::ledger::rules::footprint;
use seriatim_tos::ledger::{Block, BlockAbort, Payload, Receipt, SignatureScheme, Topoheight};
use seriatim_tos::storage::StateKey;

/// A scenario, and the right observation of the parallel path.
#[derive(Clone)]
pub struct Right {
    pub built: Built,
    pub observation: Observation,
}

impl Right {
    pub fn violation(&self) -> Option<Violation> {
        let Built { scenario, expectation, .. } = &self.built;
        judge(scenario, expectation, std::slice::from_ref(&self.observation)).into_violation().map(|it| *it)
    }

    /// The block of the scenario that stands at a topoheight of a ledger, by what the ledger's metadata call it.
    fn standing(&self, ledger: usize, topoheight: Topoheight) -> Option<(usize, &Block)> {
        let hash = self.built.expectation.ledgers[ledger].metadata.get(&topoheight)?.block;
        self.built.scenario.blocks().enumerate().find(|(_, block)| block.hash() == hash)
    }

    pub fn place(&self, ledger: usize, topoheight: Option<Topoheight>, key: Option<StateKey>) -> Place {
        let standing = topoheight.and_then(|topoheight| self.standing(ledger, topoheight));
        let Some((block, content)) = standing else { return Place { topoheight, ..Place::default() } };
        let touches = |index: &usize| {
            let footprint = footprint(&content.transactions[*index].body);
            match key {
                None => false,
                Some(StateKey::Burned(asset)) => footprint.burned == Some(asset),
                Some(StateKey::Balance(account, asset)) => {
                    footprint.accounts.get(&account).is_some_and(|assets| assets.contains(&asset))
                }
                Some(StateKey::Nonce(account) | StateKey::MultiSig(account) | StateKey::Energy(account)) => {
                    footprint.accounts.contains_key(&account)
                }
            }
        };
        let transactions = (0..content.transactions.len()).filter(touches).collect();
        Place { block: Some(block), topoheight, transactions }
    }

    /// Every observed block with its number among the scenario's blocks.
    pub fn blocks(&self) -> Vec<(usize, &Block)> {
        let mut first = 0;
        let mut blocks = Vec::new();
        for (step, observed) in self.built.scenario.steps.iter().zip(&self.observation.steps) {
            if let (Step::Run(content), ObservedStep::Run(observed)) = (step, observed) {
                blocks.extend(content.iter().take(observed.len()).enumerate().map(|(at, block)| (first + at, block)));
                first += content.len();
            }
        }
        blocks
    }

    pub fn observed(&mut self, ordinal: usize) -> &mut ObservedBlock {
        observed_in(&mut self.observation, ordinal)
    }

    pub fn expected(&mut self, ordinal: usize) -> &mut Result<Vec<Receipt>, BlockAbort> {
        let blocks = self.built.expectation.steps.iter_mut().flat_map(|step| match step {
            ExpectedStep::Run { blocks } => blocks.as_mut_slice(),
            ExpectedStep::Rewind => &mut [],
        });
        blocks.into_iter().nth(ordinal).expect("as many as were observed")
    }
}

/// The observed block of this number.
pub fn observed_in(observation: &mut Observation, ordinal: usize) -> &mut ObservedBlock {
    let blocks = observation.steps.iter_mut().flat_map(|step| match step {
        ObservedStep::Run(blocks) => blocks.as_mut_slice(),
        ObservedStep::Rewind => &mut [],
    });
    blocks.into_iter().nth(ordinal).expect("as many as `blocks` has")
}

fn rights_of(plans: impl Iterator<Item = Plan>) -> Vec<Right> {
    let examiner = Examiner::new().unwrap();
    let right = |plan: Plan| {
        let built = build(&plan, SignatureScheme::Tagged);
        let observation = ChainSubject::parallel(examiner.runtimes(), 2, 7).run(&built.scenario);
        let right = Right { built, observation };
        assert_eq!(right.violation(), None, "{plan:?}");
        right
    };
    plans.map(right).collect()
}

pub fn rights(count: u64) -> Vec<Right> {
    rights_of((0..count).map(Plan::from_seed))
}

/// Scenarios of which some block is aborted, mostly.
pub fn aborting(count: u64) -> Vec<Right> {
    rights_of((0..count).map(|seed| {
        let mut plan = Plan::from_seed(seed);
        // The miner's balance is near the end of 64 bits.
        plan.header.genesis_style |= 15 << 4;
        plan.header.scale &= !1;
        plan
    }))
}

pub fn at(block: usize, transactions: &[usize]) -> Place {
    Place { block: Some(block), topoheight: None, transactions: transactions.to_vec() }
}

/// The oracle, the field and the place are those that were to be named; the signature keeps of them what is no name.
pub fn is_said(tampered: &Right, oracle: Oracle, field: &str, place: &Place) {
    let Some(violation) = tampered.violation() else { panic!("nobody misses {field} at {place:?}") };
    let Violation { oracle: named, difference, .. } = &violation;
    let named_field = difference.field.to_string();
    assert_eq!((*named, &*named_field, &difference.place), (oracle, field, place), "{violation}");

    let scenario = &tampered.built.scenario;
    let transactions = place.block.and_then(|block| scenario.blocks().nth(block)).map(|block| &block.transactions);
    let types = place.transactions.iter().filter_map(|&index| Some(type_name(&transactions?.get(index)?.body.data)));
    let signature = Signature {
        oracle,
        field: field.split(' ').map(|word| if is_name(word) { "_" } else { word }).collect::<Vec<_>>().join(" "),
        receipts: difference.receipts.clone(),
        transactions: types.map(str::to_owned).collect(),
    };
    assert_eq!(violation.signature(), signature, "{violation}");
}

/// A number, or the eight digits that accounts, assets and hashes are shown by.
fn is_name(word: &str) -> bool {
    let word = word.trim_end_matches(',');
    word.parse::<u64>().is_ok() || (word.len() == 8 && word.chars().all(|digit| digit.is_ascii_hexdigit()))
}

fn type_name(payload: &Payload) -> &'static str {
    match payload {
        Payload::Transfers(_) => "transfer",
        Payload::Burn { .. } => "burn",
        Payload::MultiSig { .. } => "multisig",
        Payload::FreezeTos { .. } => "freeze",
        Payload::UnfreezeTos { .. } => "unfreeze",
    }
}
