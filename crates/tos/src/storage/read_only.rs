//! Layers for a reader that is not trusted: it cannot write, it reads only so often, and it can be shut out.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::ledger::Topoheight;

use super::{Layer, Read, StorageError, WriteBatch};

/// Counts reads and adds nothing else.
#[derive(Debug, Default)]
pub struct CountReads(AtomicU64);

impl CountReads {
    /// Reads so far.
    pub fn reads(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Layer for CountReads {
    fn before_read(&self, _read: Read) -> Result<(), StorageError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Refuses every commit and rewind, reads beyond a limit, and all reads once it is closed. It remembers what it refused.
/// There is no limit at first.
#[derive(Debug)]
pub struct ReadOnly {
    reads: AtomicU64,
    limit: AtomicU64,
    closed: AtomicBool,
    write_attempted: AtomicBool,
}

impl Default for ReadOnly {
    fn default() -> Self {
        Self {
            reads: AtomicU64::new(0),
            limit: AtomicU64::new(u64::MAX),
            closed: AtomicBool::new(false),
            write_attempted: AtomicBool::new(false),
        }
    }
}

// Each flag and number stands alone and orders nothing else, so the weakest ordering will do.
impl ReadOnly {
    /// Allows `limit` reads in all, those before included. A limit is only ever lowered.
    pub fn limit_to(&self, limit: u64) {
        self.limit.fetch_min(limit, Ordering::Relaxed);
    }

    /// Most reads allowed, in all.
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Reads asked for so far, refused ones included.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Whether more was read than is allowed now.
    pub fn is_exceeded(&self) -> bool {
        self.reads() > self.limit()
    }

    /// Whether a commit or a rewind was refused.
    pub fn write_attempted(&self) -> bool {
        self.write_attempted.load(Ordering::Relaxed)
    }

    /// Refuses all reads from now on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    fn refuse_write(&self, what: &str) -> StorageError {
        self.write_attempted.store(true, Ordering::Relaxed);
        StorageError::Failed(format!("{what} on a handle that is for reading only"))
    }
}

impl Layer for ReadOnly {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StorageError::Failed(format!("{read:?} on a handle that was closed")));
        }
        let (before, limit) = (self.reads.fetch_add(1, Ordering::Relaxed), self.limit());
        if before >= limit {
            return Err(StorageError::Failed(format!("{read:?} is one more than the {limit} reads allowed")));
        }
        Ok(())
    }

    fn before_commit(&self, _batch: &mut WriteBatch) -> Result<(), StorageError> {
        Err(self.refuse_write("a commit"))
    }

    fn before_rewind(&self, to: Topoheight) -> Result<(), StorageError> {
        Err(self.refuse_write(&format!("a rewind to {to}")))
    }
}
