//! A transaction: who spends what for whom, at which fee, with which signatures (section 3).

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::{AccountKey, Amount, AssetId, Hash, Signature, Topoheight};

/// The one transaction version there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[borsh(use_discriminant = true)]
pub enum TransactionVersion {
    T0 = 0,
}

/// What the fee is paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[borsh(use_discriminant = true)]
pub enum FeeType {
    /// `fee` units of TOS, for the miner.
    Tos = 0,
    /// One energy a transfer; `fee` must then be 0.
    Energy = 1,
}

/// The block the author of the transaction saw as the newest. Only its topoheight is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    pub hash: Hash,
    pub topoheight: Topoheight,
}

/// One leg of a `Transfers` payload. An amount of 0 is legal and registers the destination.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    pub asset: AssetId,
    pub destination: AccountKey,
    pub amount: Amount,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hex_option")]
    pub extra_data: Option<Vec<u8>>,
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[borsh(use_discriminant = false)]
#[serde(deny_unknown_fields)]
pub enum Payload {
    Transfers(Vec<Transfer>),
    Burn {
        asset: AssetId,
        amount: Amount,
    },
    /// Sets the source's multisig; threshold 0 without participants deletes it.
    MultiSig {
        threshold: u8,
        participants: Vec<AccountKey>,
    },
    FreezeTos {
        amount: Amount,
        days: u32,
    },
    UnfreezeTos {
        amount: Amount,
    },
}

/// A participant's signature of the same bytes that the source signs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiSigSignature {
    /// Position in the source's list of participants.
    pub participant: u8,
    pub signature: Signature,
}

/// Everything that is signed. Its canonical encoding is the signing bytes, and the front part of the
/// transaction's own encoding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsignedTransaction {
    pub version: TransactionVersion,
    pub source: AccountKey,
    pub data: Payload,
    pub fee: Amount,
    pub fee_type: FeeType,
    pub nonce: u64,
    pub reference: Reference,
}

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    pub body: UnsignedTransaction,
    /// Empty: no multisig signatures given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub multisig: Vec<MultiSigSignature>,
    pub signature: Signature,
}

/// Extra data as hexadecimal text in JSON.
mod hex_option {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub fn serialize<S: Serializer>(value: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(bytes) => serializer.serialize_some(&hex::encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(hex::decode).transpose().map_err(D::Error::custom)
    }
}
