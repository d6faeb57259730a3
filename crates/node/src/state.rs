//! What a node keeps beside its ledger, in the ledger's file: what the chain is made from, how far it is, and the rollout. It goes
//! into the file with each block and each rewind, in one transaction, so a process that ends at any moment leaves both or neither.

use serde::{Deserialize, Serialize};

use seriatim_lab::workload::Devnet;
use seriatim_tos::chain::{ExecutionPath, Rollout};
use seriatim_tos::ledger::{Genesis, Hash, Parameters, Topoheight};
use seriatim_tos::storage::{LedgerState, StorageError};

use super::NodeStorage;

/// The version of the note that this build writes and reads.
pub const STATE_VERSION: u32 = 2;
/// The digest of no events.
pub(super) const NOTHING: Hash = Hash([0; 32]);

/// The whole note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeState {
    pub version: u32,
    pub origin: Origin,
    pub position: Position,
    /// How far the rollout is, if there ever was one.
    pub rollout: Option<Rollout>,
    /// What the rollout tests and lets run: its evidence is of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executor: Option<ExecutionPath>,
}

/// What the chain is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Made by the node itself.
    Devnet(Devnet),
    /// Read as lines; what tells one input from another is the digest of genesis and parameters.
    Lines(Hash),
}

impl Origin {
    /// The origin of an input that begins so.
    pub fn of_lines(parameters: &Parameters, genesis: &Genesis) -> Self {
        let text = serde_json::to_string(&(parameters, genesis)).expect("plain data with text keys");
        Self::Lines(Hash(*blake3::hash(text.as_bytes()).as_bytes()))
    }
}

/// How far a node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The ledger that this belongs to has this top.
    pub top: Topoheight,
    /// The block at the top.
    pub block: Hash,
    /// The topoheight above which counting began: that of a segment of a devnet, or genesis.
    pub base: Topoheight,
    /// Blocks and rewinds since then.
    pub events: u64,
    /// The digest of all of them, in order: what is read or made again must be the same.
    pub digest: Hash,
    /// The ordering run under way. None: the next block begins one.
    pub run: Option<RunPlace>,
}

/// Where an ordering run began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPlace {
    /// The event that is its first block.
    pub event: u64,
    /// The topoheight that it stands on.
    pub base: Topoheight,
}

/// Why a ledger is not one to go on with.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("a ledger with blocks, but no node's note beside it")]
    NotANode,
    #[error("its ledger begins otherwise: it has another genesis")]
    Genesis,
    #[error("its note cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its note has version {found}, this build reads version {STATE_VERSION}")]
    Version { found: u64 },
    #[error("its note says top {stated}, the ledger's is {found}")]
    Place { stated: Topoheight, found: Topoheight },
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl NodeState {
    /// The state of a node at genesis.
    pub fn new(origin: Origin, genesis: &LedgerState) -> Self {
        let (top, block) = (genesis.top, genesis.metadata[&genesis.top].block);
        let position = Position { top, block, base: top, events: 0, digest: NOTHING, run: None };
        Self { version: STATE_VERSION, origin, position, rollout: None, executor: None }
    }

    /// What the file's node left, as it is; whether it belongs to the ledger is looked at. None: no node was there.
    ///
    /// # Errors
    /// A note that is none of this build, or tells of another ledger.
    pub async fn read(storage: &impl NodeStorage) -> Result<Option<Self>, StateError> {
        let Some(note) = storage.note()? else { return Ok(None) };
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let Versioned { version } = serde_json::from_slice(&note)?;
        if version != u64::from(STATE_VERSION) {
            return Err(StateError::Version { found: version });
        }
        let state: Self = serde_json::from_slice(&note)?;
        let (found, metadata) = storage.top().await?;
        let Position { top, block, base, ref run, .. } = state.position;
        let is_possible = base <= top && run.as_ref().is_none_or(|run| (base..=top).contains(&run.base));
        if (top, block) != (found, metadata.block) || !is_possible {
            return Err(StateError::Place { stated: top, found });
        }
        Ok(Some(state))
    }

    /// The state of a ledger without a note: the beginning, if it is at its beginning.
    ///
    /// # Errors
    /// It has blocks already, or begins otherwise.
    pub async fn begin(storage: &impl NodeStorage, origin: Origin, genesis: &LedgerState) -> Result<Self, StateError> {
        let (top, _) = storage.top().await?;
        if top != 0 {
            return Err(StateError::NotANode);
        }
        if storage.ledger_digest()? != genesis.digest() {
            return Err(StateError::Genesis);
        }
        let state = Self::new(origin, genesis);
        storage.set_note(&state.to_bytes())?;
        Ok(state)
    }

    /// The bytes that stand in the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data with text keys")
    }
}
