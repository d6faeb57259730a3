//! Whether the sources' signatures of a block are right: verified where they are asked for, or ahead of that by whoever has
//! nothing else to do.
//!
//! The verdict depends on the source's key, the bytes and the scheme alone, never on what other transactions did, so it may
//! be had at any time before check 7 asks for it. Signatures of multisig participants are none of these: who the
//! participants are is state.
//!
//! Each signature is verified by itself and strictly. A batch of them would be cheaper and is not strict: two batches can
//! disagree on a crafted one, and workers would then disagree by how the block was cut.

use std::fmt;
use std::sync::Arc;

use seriatim_runtime::{AtomicU64, Ordering, Runtime};

use crate::ledger::{SealedBlock, SignatureScheme};

/// The verdicts of one block.
pub trait Signatures: fmt::Debug + Send + Sync + 'static {
    /// Whether the source of the transaction at this position has signed it.
    fn is_signed(&self, tx_index: usize) -> bool;

    /// Verifies some more of the block, ahead of whoever will ask. False: there is nothing left to take.
    fn verify_some(&self) -> bool;
}

/// Verifies what is asked for when it is asked for.
#[derive(Clone)]
pub struct InPlace {
    block: Arc<SealedBlock>,
    scheme: SignatureScheme,
}

impl InPlace {
    pub fn new(block: &Arc<SealedBlock>, scheme: SignatureScheme) -> Self {
        Self { block: Arc::clone(block), scheme }
    }
}

impl Signatures for InPlace {
    fn is_signed(&self, tx_index: usize) -> bool {
        let sealed = self.block.transaction(tx_index);
        let transaction = sealed.transaction;
        self.scheme.verify(&transaction.body.source, sealed.canonical.signing_bytes(), &transaction.signature)
    }

    fn verify_some(&self) -> bool {
        false
    }
}

impl fmt::Debug for InPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// Verifies in chunks, in block order, each taken by whoever comes first. Nobody ever waits: who needs a verdict that
/// another is still working on takes the next chunk meanwhile, and if there is none left, verifies this one signature for
/// itself. So a worker that ends half-way through a chunk costs the others time and nothing else.
pub struct Ahead<R: Runtime> {
    in_place: InPlace,
    /// Transactions of a chunk; its last one may have fewer.
    chunk_len: usize,
    /// The next chunk that nobody has taken.
    next: R::AtomicU64,
    /// One a chunk: [`PUBLISHED`], and above it one bit a transaction, 1 where the signature is right. Zero until then.
    verdicts: Vec<R::AtomicU64>,
}

/// This bit says that the verdicts of a chunk are there.
const PUBLISHED: u64 = 1;

/// Long enough that taking one costs nothing beside it, short enough that whoever executes seldom comes to one that is still
/// in work.
const MAX_CHUNK_LEN: usize = 8;

/// A small block has so many chunks for each worker, so that there is something to share.
const MIN_CHUNKS_A_WORKER: usize = 4;

impl<R: Runtime> Ahead<R> {
    /// Nothing is verified yet. `workers` will share the work.
    pub fn new(runtime: &R, block: &Arc<SealedBlock>, scheme: SignatureScheme, workers: usize) -> Self {
        let count = block.transactions.len();
        let chunk_len = (count / (MIN_CHUNKS_A_WORKER * workers.max(1))).clamp(1, MAX_CHUNK_LEN);
        Self {
            in_place: InPlace::new(block, scheme),
            chunk_len,
            next: runtime.atomic_u64("next chunk", 0),
            verdicts: (0..count.div_ceil(chunk_len)).map(|_| runtime.atomic_u64("verdicts", 0)).collect(),
        }
    }

    /// Takes a chunk and publishes its verdicts. Returns which it was, and them.
    fn verify_chunk(&self) -> Option<(usize, u64)> {
        // Relaxed: a chunk is taken by whoever gets its number, and nothing else is told by it.
        let chunk = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        let verdict = self.verdicts.get(chunk)?;
        let first = chunk * self.chunk_len;
        let end = (first + self.chunk_len).min(self.in_place.block.transactions.len());
        let bit = |tx_index: usize| u64::from(self.in_place.is_signed(tx_index)) << (1 + tx_index - first);
        let bits = (first..end).fold(PUBLISHED, |bits, tx_index| bits | bit(tx_index));
        // Pairs with the load in `is_signed`.
        verdict.store(bits, Ordering::Release);
        Some((chunk, bits))
    }
}

impl<R: Runtime> Signatures for Ahead<R> {
    fn is_signed(&self, tx_index: usize) -> bool {
        let (chunk, bit) = (tx_index / self.chunk_len, tx_index % self.chunk_len);
        // Pairs with the store in `verify_chunk`. The word holds all that it tells, so nothing else hangs on the order.
        let mut bits = self.verdicts[chunk].load(Ordering::Acquire);
        while bits & PUBLISHED == 0 {
            bits = match self.verify_chunk() {
                Some((own, bits)) if own == chunk => bits,
                Some(_) => self.verdicts[chunk].load(Ordering::Acquire),
                // Another is at it still.
                None => return self.in_place.is_signed(tx_index),
            };
        }
        bits >> (1 + bit) & 1 == 1
    }

    fn verify_some(&self) -> bool {
        self.verify_chunk().is_some()
    }
}

impl<R: Runtime> fmt::Debug for Ahead<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("chunk_len", &self.chunk_len).finish_non_exhaustive()
    }
}
