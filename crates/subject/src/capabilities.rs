//! What a subject says of itself. The defaults are those of a plain executor of payments: whoever supports, reports or
//! assumes more says so.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use seriatim_tos::ledger::Payload;

/// What can be asked of a subject and what its answers mean.
///
/// # Examples
/// ```
/// use seriatim_subject::{Assumption, Capabilities, Figure, TransactionType};
///
/// let mut mine = Capabilities::new("mine"); // Payments in TOS, and success, balances and nonces are reported.
/// mine.supports.transactions.insert(TransactionType::Burn);
/// mine.reports.figures.insert(Figure::Fees);
/// mine.assumes.insert(Assumption::ValidSignatures);
/// assert_eq!(mine.check(), Ok(()));
/// let unchecked = mine.unchecked(); // A report ends with these lines.
/// assert!(unchecked.iter().any(|line| line == "right signatures: assumed"));
/// assert!(unchecked.iter().any(|line| line == "freeze transactions: not supported"));
/// assert!(!unchecked.iter().any(|line| line.starts_with("burn transactions")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// What it is called in reports.
    pub name: String,
    #[serde(default)]
    pub supports: Supports,
    #[serde(default)]
    pub reports: Reports,
    #[serde(default)]
    pub assumes: BTreeSet<Assumption>,
    /// Whether a request with the same workers and the same seed always has the same answer: it draws every schedule from
    /// the seed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deterministic_by_seed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// What may stand in a block and in the state below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the protocol")]
pub struct Supports {
    pub transactions: BTreeSet<TransactionType>,
    /// Assets beside TOS.
    pub several_assets: bool,
    /// Destinations that are not registered before the block.
    pub unknown_destinations: bool,
    /// Whether the miner and the dev account are credited reward and fees. If not, neither of them takes part in a
    /// transaction, and what they own is not compared.
    pub rewards: bool,
    /// Fees paid in energy.
    pub energy_fees: bool,
    /// The numbers of workers it is asked to run with; never empty.
    pub workers: Vec<u32>,
}

/// Payloads, by their names in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionType {
    Transfer,
    Burn,
    /// Setting a multisig, and signing by one.
    Multisig,
    Freeze,
    Unfreeze,
}

/// What its answers say; only that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reports {
    pub outcomes: OutcomeDetail,
    pub state: BTreeSet<Part>,
    pub figures: BTreeSet<Figure>,
}

/// How much is said of a transaction that was not executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeDetail {
    /// Whether it was executed.
    #[default]
    Success,
    /// Skipped as a duplicate, or the class of the error: see [`super::Outcome`].
    Classes,
    /// Skipped as a duplicate, or the error's name in the contract.
    Errors,
}

/// Parts of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Balances,
    Nonces,
    Multisigs,
    Energy,
    /// Which accounts there are.
    Accounts,
    Burned,
}

/// Sums that a block brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Fees of the block.
    Fees,
    /// All TOS ever created by rewards.
    EmittedSupply,
    /// All TOS ever burned.
    BurnedSupply,
}

/// What a subject relies on; it is asked nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assumption {
    /// Every transaction of every block is executed.
    AllValid,
    /// Every signature is right.
    ValidSignatures,
    /// Nobody spends in a block in which he has received before.
    NoReceiveThenSpend,
    /// No transfer of nothing.
    NoZeroAmounts,
    /// No fee is too low.
    MinimumFee,
}

impl Capabilities {
    /// The defaults: payments in one asset to accounts that exist, without rewards; success, balances and nonces are
    /// reported; nothing is assumed.
    pub fn new(name: impl Into<String>) -> Self {
        let (supports, reports) = (Supports::default(), Reports::default());
        Self { name: name.into(), supports, reports, assumes: BTreeSet::new(), deterministic_by_seed: false }
    }

    /// All that the ledger has, reported in full, with nothing assumed.
    pub fn everything(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            supports: Supports {
                transactions: TransactionType::ALL.into(),
                several_assets: true,
                unknown_destinations: true,
                rewards: true,
                energy_fees: true,
                workers: vec![1, 2, 8],
            },
            reports: Reports { outcomes: OutcomeDetail::Errors, state: Part::ALL.into(), figures: Figure::ALL.into() },
            assumes: BTreeSet::new(),
            deterministic_by_seed: false,
        }
    }

    /// Whether it relies on something.
    pub fn assumes(&self, assumption: Assumption) -> bool {
        self.assumes.contains(&assumption)
    }

    /// What is wrong with what it says of itself, if anything is.
    ///
    /// # Errors
    /// In words, with the field.
    pub fn check(&self) -> Result<(), String> {
        if self.name.is_empty() || self.name.len() > 100 || self.name.chars().any(char::is_control) {
            return Err("name: one line of 1 to 100 bytes is needed".to_owned());
        }
        if self.supports.transactions.is_empty() {
            return Err("supports.transactions: empty, so there is nothing to ask".to_owned());
        }
        let workers = &self.supports.workers;
        if workers.is_empty() || workers.len() > 16 || workers.iter().any(|count| !(1..=1024).contains(count)) {
            return Err("supports.workers: 1 to 16 numbers from 1 to 1024 are needed".to_owned());
        }
        Ok(())
    }

    /// What is not checked because of what the subject says, one line each.
    pub fn unchecked(&self) -> Vec<String> {
        let Self { name: _, supports, reports, assumes, deterministic_by_seed: _ } = self;
        let mut lines = Vec::new();
        let missing = TransactionType::ALL.into_iter().filter(|kind| !supports.transactions.contains(kind));
        lines.extend(missing.map(|kind| format!("{} transactions: not supported", kind.name())));
        let unsupported = [
            (supports.several_assets, "assets beside TOS"),
            (supports.unknown_destinations, "payments to accounts that do not exist yet"),
            (supports.rewards, "reward and fees of miner and dev account"),
            (supports.energy_fees, "fees paid in energy"),
        ];
        lines.extend(unsupported.iter().filter(|(is, _)| !is).map(|(_, what)| format!("{what}: not supported")));
        match reports.outcomes {
            OutcomeDetail::Success => lines.push("why a transaction fails: not reported".to_owned()),
            OutcomeDetail::Classes => lines.push("errors within a class: not reported".to_owned()),
            OutcomeDetail::Errors => {}
        }
        let parts = Part::ALL.into_iter().filter(|part| !reports.state.contains(part));
        lines.extend(parts.map(|part| format!("{}: not reported", part.name())));
        let figures = Figure::ALL.into_iter().filter(|figure| !reports.figures.contains(figure));
        lines.extend(figures.map(|figure| format!("{}: not reported", figure.name())));
        lines.extend(assumes.iter().map(|assumption| format!("{}: assumed", assumption.name())));
        lines.push(
            "history, links between blocks and transactions, orphans, rewinds: not part of the exchange".to_owned(),
        );
        lines
    }
}

impl Default for Supports {
    fn default() -> Self {
        Self {
            transactions: [TransactionType::Transfer].into(),
            several_assets: false,
            unknown_destinations: false,
            rewards: false,
            energy_fees: false,
            workers: vec![1, 2, 8],
        }
    }
}

impl Default for Reports {
    fn default() -> Self {
        let state = [Part::Balances, Part::Nonces].into();
        Self { outcomes: OutcomeDetail::default(), state, figures: BTreeSet::new() }
    }
}

impl TransactionType {
    pub const ALL: [Self; 5] = [Self::Transfer, Self::Burn, Self::Multisig, Self::Freeze, Self::Unfreeze];

    /// That of a payload.
    pub fn of(payload: &Payload) -> Self {
        match payload {
            Payload::Transfers(_) => Self::Transfer,
            Payload::Burn { .. } => Self::Burn,
            Payload::MultiSig { .. } => Self::Multisig,
            Payload::FreezeTos { .. } => Self::Freeze,
            Payload::UnfreezeTos { .. } => Self::Unfreeze,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Burn => "burn",
            Self::Multisig => "multisig",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
        }
    }
}

impl Part {
    pub const ALL: [Self; 6] =
        [Self::Balances, Self::Nonces, Self::Multisigs, Self::Energy, Self::Accounts, Self::Burned];

    fn name(self) -> &'static str {
        match self {
            Self::Balances => "balances",
            Self::Nonces => "nonces",
            Self::Multisigs => "multisigs",
            Self::Energy => "energy",
            Self::Accounts => "which accounts there are",
            Self::Burned => "burned amounts",
        }
    }
}

impl Figure {
    pub const ALL: [Self; 3] = [Self::Fees, Self::EmittedSupply, Self::BurnedSupply];

    fn name(self) -> &'static str {
        match self {
            Self::Fees => "the block's fees",
            Self::EmittedSupply => "the emitted supply",
            Self::BurnedSupply => "the burned supply",
        }
    }
}

impl Assumption {
    fn name(self) -> &'static str {
        match self {
            Self::AllValid => "blocks with a transaction that is not valid",
            Self::ValidSignatures => "right signatures",
            Self::NoReceiveThenSpend => "nobody spends after he has received in the block",
            Self::NoZeroAmounts => "no transfer of nothing",
            Self::MinimumFee => "no fee too low",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_is_enough() {
        let read: Capabilities = serde_json::from_str(r#"{"name":"mine"}"#).unwrap();
        assert_eq!(read, Capabilities::new("mine"));
        assert_eq!(read.check(), Ok(()));
    }

    #[test]
    fn what_nobody_can_ask_is_refused() {
        let mut nothing = Capabilities::new("mine");
        nothing.supports.transactions.clear();
        assert!(nothing.check().unwrap_err().starts_with("supports.transactions"));
        let mut idle = Capabilities::new("mine");
        idle.supports.workers = vec![0];
        assert!(idle.check().unwrap_err().starts_with("supports.workers"));
        assert!(Capabilities::new("two\nlines").check().unwrap_err().starts_with("name"));
        assert!(serde_json::from_str::<Capabilities>(r#"{"name":"mine","suports":{}}"#).is_err());
    }

    #[test]
    fn who_says_less_leaves_more_unchecked() {
        let everything = Capabilities::everything("all").unchecked();
        assert_eq!(everything.len(), 1, "{everything:?}");
        let little = Capabilities::new("little").unchecked();
        assert!(little.iter().any(|line| line == "burn transactions: not supported"));
        assert!(little.iter().any(|line| line == "energy: not reported"));
    }
}
