//! What goes over to a subject and what comes back, as plain data: one JSON object each, where the subject is a process.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use seriatim_tos::ledger::{
    AccountKey, Amount, AssetId, Energy, Hash, Height, MultiSigConfig, Parameters, Payload, Topoheight, Transaction,
    TransactionError, Transfer,
};

/// One block to execute on one state.
///
/// # Examples
/// ```
/// use seriatim_subject::{Capabilities, Request, scenario_for, vectors};
///
/// let (scenario, _) = scenario_for(&Capabilities::new("mine"), 7);
/// let vector = vectors(&scenario).remove(0);
/// let line = serde_json::to_string(&vector.request)?; // What a process reads.
/// assert_eq!(serde_json::from_str::<Request>(&line)?, vector.request);
/// for given in &vector.request.block.transactions {
///     assert_eq!(given.hash, given.transaction.hash(), "hash and size need not be worked out again");
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The answer repeats it.
    pub id: u64,
    pub parameters: Parameters,
    pub state: PreState,
    pub block: RequestBlock,
    /// How many workers to use.
    pub workers: u32,
    /// A seed for the subject's own perturbation of order and delays. The answer must not depend on it.
    pub seed: u64,
}

/// The newest values before the block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreState {
    /// The topoheight of the block below; the block to execute gets the next one.
    pub topoheight: Topoheight,
    /// Every registered account.
    pub accounts: BTreeMap<AccountKey, Account>,
    /// Known assets, TOS (all zeros) included.
    pub assets: BTreeSet<AssetId>,
    /// Burned amounts; an asset that is not named has burned 0.
    pub burned: BTreeMap<AssetId, Amount>,
    /// Created by rewards so far.
    pub emitted_supply: Amount,
    /// Those of the block's transactions that an earlier block has executed.
    pub executed: BTreeSet<Hash>,
}

/// One account's newest values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The next one.
    pub nonce: u64,
    /// An asset that is not named is owned to the amount of 0.
    pub balances: BTreeMap<AssetId, Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multisig: Option<MultiSigConfig>,
    /// None: never froze anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
}

impl Account {
    /// What is said of an account that is not there.
    pub(crate) const NONE: Self = Self { nonce: 0, balances: BTreeMap::new(), multisig: None, energy: None };
}

impl Account {
    /// What it owns of an asset.
    pub fn owned(&self, asset: AssetId) -> Amount {
        self.balances.get(&asset).copied().unwrap_or(0)
    }
}

/// The block, with what a subject would else have to compute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestBlock {
    pub hash: Hash,
    pub parent: Hash,
    pub height: Height,
    pub miner: AccountKey,
    /// What the block creates, before its transactions: the dev account's part, then the miner's. A credit of 0 registers,
    /// too.
    pub rewards: Vec<Reward>,
    pub transactions: Vec<RequestTransaction>,
}

/// A credit of TOS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    pub account: AccountKey,
    pub amount: Amount,
}

/// A transaction with what depends on its encoding alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestTransaction {
    pub hash: Hash,
    /// Bytes of the canonical encoding.
    pub size: u64,
    #[serde(flatten)]
    pub transaction: Transaction,
}

/// What came of a block.
///
/// # Examples
/// What is left out has its default, and a key that is none is refused.
///
/// ```
/// use seriatim_subject::{Answer, Outcome};
///
/// let answer: Answer = serde_json::from_str(r#"{"id": 7, "outcomes": ["executed", "failed"]}"#)?;
/// assert_eq!(answer.outcomes, [Outcome::Executed, Outcome::Failed]);
/// let misspelt = serde_json::from_str::<Answer>(r#"{"id": 7, "outcome": ["executed"]}"#);
/// assert!(misspelt.unwrap_err().to_string().contains("unknown field `outcome`"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub id: u64,
    /// One a transaction, in block order; empty for an aborted block.
    #[serde(default)]
    pub outcomes: Vec<Outcome>,
    /// The whole block was without effect: why, by the name in the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted: Option<String>,
    #[serde(default)]
    pub state: PostState,
    #[serde(default)]
    pub figures: Figures,
    /// A text for people; it is never compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Answer {
    /// The answer of an executor that executes every transaction and changes nothing: what is wrong about it is then
    /// replaced.
    pub fn unchanged(request: &Request) -> Self {
        let outcomes = vec![Outcome::Executed; request.block.transactions.len()];
        Self { id: request.id, outcomes, state: request.state.clone().into(), ..Self::default() }
    }
}

impl RequestTransaction {
    /// What a payment transfers; nothing for any other transaction.
    pub fn transfers(&self) -> &[Transfer] {
        if let Payload::Transfers(transfers) = &self.transaction.body.data { transfers } else { &[] }
    }
}

/// What became of one transaction.
///
/// # Examples
/// ```
/// use seriatim_subject::Outcome;
/// use seriatim_tos::ledger::TransactionError;
///
/// let error = TransactionError::InvalidNonce { next: 2, given: 1 };
/// let outcomes = [Outcome::Executed, Outcome::Orphaned(Outcome::class(&error).to_owned())];
/// assert_eq!(serde_json::to_string(&outcomes)?, r#"["executed",{"orphaned":"nonce"}]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Executed,
    /// Some block had executed it before.
    Skipped,
    /// Not executed, no matter why: for subjects that report success only.
    Failed,
    /// It failed with the error of that name, or of that class ([`Outcome::class`]).
    Orphaned(String),
}

/// The newest values after the block: every account, or, of an account that is missing, the default ones. What the subject
/// does not report may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PostState {
    pub accounts: BTreeMap<AccountKey, Account>,
    pub burned: BTreeMap<AssetId, Amount>,
}

/// Sums after the block. Only those that the subject reports are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Figures {
    pub fees: Option<Amount>,
    pub emitted_supply: Option<Amount>,
    pub burned_supply: Option<Amount>,
}

impl From<PreState> for PostState {
    fn from(state: PreState) -> Self {
        Self { accounts: state.accounts, burned: state.burned }
    }
}

impl Outcome {
    /// The classes of errors, for subjects that cannot tell more.
    pub const CLASSES: [&'static str; 8] =
        ["format", "fee", "reference", "account", "nonce", "signature", "funds", "overflow"];

    /// The class of an error.
    pub fn class(error: &TransactionError) -> &'static str {
        use TransactionError::*;
        match error {
            InvalidFormat
            | TransferCount
            | SenderIsReceiver
            | AssetNotFound
            | TransferExtraDataSize
            | TransactionExtraDataSize
            | MultiSigParticipants
            | MultiSigThreshold
            | InvalidFreezeAmount
            | InvalidFreezeDuration
            | InvalidUnfreezeAmount => "format",
            InvalidFee { .. } => "fee",
            InvalidReference { .. } => "reference",
            AccountNotFound => "account",
            InvalidNonce { .. } => "nonce",
            MultiSigNotConfigured | MultiSigNotFound | InvalidSignature => "signature",
            InsufficientFunds { .. } | InsufficientEnergy { .. } | InsufficientFrozen { .. } | FrozenLocked { .. } => {
                "funds"
            }
            Overflow => "overflow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_words_or_a_word_with_a_reason() {
        let text = r#"["executed","skipped","failed",{"orphaned":"InvalidNonce"}]"#;
        let read: Vec<Outcome> = serde_json::from_str(text).unwrap();
        assert_eq!(read[3], Outcome::Orphaned("InvalidNonce".to_owned()));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert!(serde_json::from_str::<Outcome>(r#""done""#).is_err());
    }

    #[test]
    fn a_field_that_an_answer_does_not_have_is_refused() {
        assert!(serde_json::from_str::<Answer>(r#"{"id":1,"outcomes":["executed"]}"#).is_ok());
        assert!(serde_json::from_str::<Answer>(r#"{"id":1,"outcome":["executed"]}"#).is_err());
    }
}
