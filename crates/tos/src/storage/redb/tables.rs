//! What lies where in the file. Keys are the canonical encoding with topoheights appended big-endian, so that the order of
//! the bytes is the order of the values and a range of keys is one history, or everything above a topoheight.

use ::redb::TableDefinition;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::ledger::{AccountKey, Hash, Topoheight, decode, encode};
use crate::storage::{StateKey, StorageError};

/// A table whose keys or values are encodings.
pub(super) type Bytes = &'static [u8];
/// A table of hashes, accounts or assets.
pub(super) type Name = &'static [u8; 32];

/// Whose file it is, and in which layout: [`MAGIC_ENTRY`] and [`SCHEMA_ENTRY`].
pub(super) const META: TableDefinition<&str, Bytes> = TableDefinition::new("meta");
/// One entry: the top.
pub(super) const TOP: TableDefinition<(), Topoheight> = TableDefinition::new("top");
/// Known assets.
pub(super) const ASSETS: TableDefinition<Name, ()> = TableDefinition::new("assets");
/// Account to the topoheight of its registration.
pub(super) const REGISTRATIONS: TableDefinition<Name, Topoheight> = TableDefinition::new("registrations");
/// [`version_key`] to [`crate::storage::Version`].
pub(super) const VERSIONS: TableDefinition<Bytes, Bytes> = TableDefinition::new("versions");
/// [`StateKey`] to the topoheight of its newest version.
pub(super) const NEWEST: TableDefinition<Bytes, Topoheight> = TableDefinition::new("newest");
/// [`link_key`] to the block.
pub(super) const LINKS: TableDefinition<Bytes, Name> = TableDefinition::new("links");
/// Transaction to [`crate::storage::Executed`].
pub(super) const EXECUTED: TableDefinition<Name, Bytes> = TableDefinition::new("executed");
/// Orphan to its turn.
pub(super) const ORPHANS: TableDefinition<Name, u64> = TableDefinition::new("orphans");
/// Turn to orphan: the oldest has the lowest turn.
pub(super) const ORPHAN_TURNS: TableDefinition<u64, Name> = TableDefinition::new("orphan turns");
/// Topoheight to [`crate::ledger::BlockMetadata`].
pub(super) const METADATA: TableDefinition<Topoheight, Bytes> = TableDefinition::new("metadata");
/// One entry: what whoever embeds the storage keeps beside the ledger.
pub(super) const NOTE: TableDefinition<(), Bytes> = TableDefinition::new("note");
/// [`written_key`]s: what each topoheight wrote, so that a rewind reads only what it removes.
pub(super) const WRITTEN: TableDefinition<Bytes, ()> = TableDefinition::new("written");

pub(super) const MAGIC_ENTRY: &str = "magic";
pub(super) const MAGIC: &[u8] = b"seriatim ledger";
pub(super) const SCHEMA_ENTRY: &str = "schema";
/// The layout of the tables that this build reads and writes.
pub const SCHEMA_VERSION: u32 = 1;

/// What a block wrote that a rewind takes back, metadata apart, whose key is the topoheight already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Written {
    Registration(AccountKey),
    Version(StateKey),
    Link(Hash),
    Executed(Hash),
}

/// The versions of one key stand side by side, lowest first: encodings of state keys are prefixes of no other.
pub(super) fn version_key(key: &StateKey, topoheight: Topoheight) -> Vec<u8> {
    with_topoheight(encode(key), topoheight)
}

/// The blocks of one transaction stand side by side, lowest first.
pub(super) fn link_key(transaction: &Hash, topoheight: Topoheight) -> Vec<u8> {
    with_topoheight(transaction.0.to_vec(), topoheight)
}

pub(super) fn written_key(topoheight: Topoheight, written: &Written) -> Vec<u8> {
    let mut bytes = topoheight.to_be_bytes().to_vec();
    bytes.extend(encode(written));
    bytes
}

/// The reverse of [`written_key`].
pub(super) fn written_of(bytes: &[u8]) -> Result<(Topoheight, Written), StorageError> {
    let (topoheight, written) = bytes.split_first_chunk().ok_or_else(|| short("written", bytes))?;
    Ok((Topoheight::from_be_bytes(*topoheight), read("written", bytes, written)?))
}

/// The reverse of [`version_key`] and [`link_key`]: the encoding of what comes before the topoheight, and the topoheight.
pub(super) fn key_of<K: BorshDeserialize>(table: &'static str, bytes: &[u8]) -> Result<(K, Topoheight), StorageError> {
    let (key, topoheight) = bytes.split_last_chunk().ok_or_else(|| short(table, bytes))?;
    Ok((read(table, bytes, key)?, Topoheight::from_be_bytes(*topoheight)))
}

/// Decodes what stands in `table` at `key`.
pub(super) fn read<T: BorshDeserialize>(table: &'static str, key: &[u8], bytes: &[u8]) -> Result<T, StorageError> {
    decode(table, bytes).map_err(|error| StorageError::Failed(format!("entry {} of {error}", hex::encode(key))))
}

fn with_topoheight(mut bytes: Vec<u8>, topoheight: Topoheight) -> Vec<u8> {
    bytes.extend(topoheight.to_be_bytes());
    bytes
}

fn short(table: &'static str, key: &[u8]) -> StorageError {
    StorageError::Failed(format!("entry {} of {table}: a key without a topoheight", hex::encode(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::AssetId;

    #[test]
    fn keys_in_the_order_of_their_bytes_are_in_canonical_order() {
        let (a, b) = (AccountKey([1; 32]), AccountKey([2; 32]));
        let (x, y) = (AssetId([1; 32]), AssetId([255; 32]));
        let keys = [
            StateKey::Nonce(a),
            StateKey::Nonce(b),
            StateKey::Balance(a, x),
            StateKey::Balance(a, y),
            StateKey::Balance(b, x),
            StateKey::MultiSig(a),
            StateKey::Energy(b),
            StateKey::Burned(y),
        ];
        assert!(keys.is_sorted());
        let versions = keys.iter().flat_map(|key| [0, 1, 255, 256, u64::MAX].map(|at| version_key(key, at)));
        assert!(versions.is_sorted());
    }

    #[test]
    fn keys_read_back() {
        let key = StateKey::Balance(AccountKey([1; 32]), AssetId([7; 32]));
        assert_eq!(key_of("versions", &version_key(&key, 258)), Ok((key, 258)));
        assert_eq!(key_of("links", &link_key(&Hash([3; 32]), 4)), Ok((Hash([3; 32]), 4)));
        let written = Written::Executed(Hash([3; 32]));
        assert_eq!(written_of(&written_key(259, &written)), Ok((259, written)));
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        for bytes in [&[1; 7][..], &[9; 20], &[0; 50]] {
            assert!(matches!(key_of::<StateKey>("versions", bytes), Err(StorageError::Failed(_))), "{bytes:?}");
            assert!(matches!(written_of(bytes), Err(StorageError::Failed(_))), "{bytes:?}");
        }
    }
}
