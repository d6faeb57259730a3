//! The canonical binary encoding: borsh. One value has one encoding; a decoder refuses trailing bytes, unknown
//! tags and truncation. Hash, size and signing bytes of a transaction are all read off one encoding, made once.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Block, Hash, Transaction, UnsignedTransaction};

/// Why bytes are not the encoding of a value.
#[derive(Debug, thiserror::Error)]
#[error("not a canonical encoding of {what}: {source}")]
pub struct DecodeError {
    pub what: &'static str,
    #[source]
    pub source: std::io::Error,
}

/// The canonical encoding of a value.
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory fails only beyond 2^32 elements, which no value here has")
}

/// Reads a value back; `what` names it in the error.
///
/// # Errors
/// `DecodeError` when `bytes` is not exactly one canonical encoding.
///
/// # Examples
/// ```
/// use seriatim_testkit::ledger::pay;
/// use seriatim_tos::ledger::{Transaction, decode, encode};
///
/// let transaction = pay(1, 2, 0, 5);
/// let mut bytes = encode(&transaction);
/// assert_eq!(decode::<Transaction>("a transaction", &bytes)?, transaction);
/// bytes.push(0);
/// let refused = decode::<Transaction>("a transaction", &bytes).unwrap_err();
/// assert!(refused.to_string().starts_with("not a canonical encoding of a transaction"));
/// # Ok::<(), seriatim_tos::ledger::DecodeError>(())
/// ```
pub fn decode<T: BorshDeserialize>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    T::try_from_slice(bytes).map_err(|source| DecodeError { what, source })
}

/// A transaction's encoding, made once: its signing bytes are a prefix of it.
#[derive(Clone, Debug)]
pub struct Canonical {
    bytes: Vec<u8>,
    signing_len: usize,
}

impl Canonical {
    /// Length of the whole encoding in bytes; what the fee is charged for.
    pub fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What source and multisig participants sign.
    pub fn signing_bytes(&self) -> &[u8] {
        &self.bytes[..self.signing_len]
    }

    /// The whole encoding, signatures included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// BLAKE3 of the whole encoding: the transaction's name.
    pub fn hash(&self) -> Hash {
        Hash(*blake3::hash(&self.bytes).as_bytes())
    }
}

impl UnsignedTransaction {
    /// What source and multisig participants sign.
    pub fn signing_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}

impl Transaction {
    /// Encodes once for hash, size and signing bytes together.
    pub fn canonical(&self) -> Canonical {
        let Transaction { body, multisig, signature } = self;
        let mut bytes = body.signing_bytes();
        let signing_len = bytes.len();
        (multisig, signature).serialize(&mut bytes).expect("writing to memory");
        Canonical { bytes, signing_len }
    }

    /// BLAKE3 of the canonical encoding.
    pub fn hash(&self) -> Hash {
        self.canonical().hash()
    }
}

impl Block {
    /// BLAKE3 of the canonical encoding.
    pub fn hash(&self) -> Hash {
        Hash(*blake3::hash(&encode(self)).as_bytes())
    }

    /// The same, where the encodings of its transactions are known.
    pub(super) fn hash_of_encodings<'a>(&self, transactions: impl ExactSizeIterator<Item = &'a [u8]>) -> Hash {
        let Self { parent, height, miner, transactions: _ } = self;
        let count = u32::try_from(transactions.len()).expect("no block has 2^32 transactions");
        // In one piece: BLAKE3 is several times as fast on a large input as on many small ones.
        let mut bytes = encode(&(parent, height, miner, count));
        transactions.for_each(|transaction| bytes.extend_from_slice(transaction));
        Hash(*blake3::hash(&bytes).as_bytes())
    }
}
