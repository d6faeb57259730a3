//! A file whose writes are held in memory until it is known whose file it is. The database recovers a file as it opens it;
//! held, that recovery can be thrown away, and a file that is refused stays as it was.

use std::io;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::redb::{BackendError, StorageBackend};

/// `file` behind writes that have not reached it. Clones are handles on the same file.
#[derive(Debug)]
pub(super) struct Held<B>(Arc<Inner<B>>);

#[derive(Debug)]
struct Inner<B> {
    file: B,
    /// Oldest first. None: writes go to the file.
    held: RwLock<Option<Vec<Change>>>,
}

#[derive(Debug)]
enum Change {
    Length(u64),
    Write(u64, Vec<u8>),
    Sync,
}

impl Change {
    /// The file's length after the change.
    fn length(&self, before: u64) -> u64 {
        match self {
            Self::Length(len) => *len,
            Self::Write(offset, data) => before.max(offset + data.len() as u64),
            Self::Sync => before,
        }
    }
}

impl<B> Clone for Held<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: StorageBackend> Held<B> {
    pub(super) fn new(file: B) -> Self {
        Self(Arc::new(Inner { file, held: RwLock::new(Some(Vec::new())) }))
    }

    /// Makes the held changes in the file, in the order in which they came, and holds no further ones.
    ///
    /// # Errors
    /// The file refuses one of them. The rest, and all that follow, stay held: the file is as after a crash at that point.
    pub(super) fn release(&self) -> io::Result<()> {
        let mut held = self.write_held();
        for change in held.iter().flatten() {
            match change {
                Change::Length(len) => self.0.file.set_len(*len)?,
                Change::Write(offset, data) => self.0.file.write(*offset, data)?,
                Change::Sync => self.0.file.sync_data()?,
            }
        }
        *held = None;
        Ok(())
    }

    /// Keeps the change if changes are held; None: it is for the file.
    fn keep(&self, change: impl FnOnce() -> Change) -> Option<()> {
        // Most calls come after the release.
        self.held().as_ref()?;
        self.write_held().as_mut().map(|held| held.push(change()))
    }

    fn held(&self) -> RwLockReadGuard<'_, Option<Vec<Change>>> {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_held(&self) -> RwLockWriteGuard<'_, Option<Vec<Change>>> {
        self.0.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B: StorageBackend> StorageBackend for Held<B> {
    fn len(&self) -> io::Result<u64> {
        let file_len = self.0.file.len()?;
        Ok(self.held().iter().flatten().fold(file_len, |len, change| change.length(len)))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let held = self.held();
        let Some(changes) = held.as_ref() else { return self.0.file.read(offset, out) };
        let file_len = self.0.file.len()?;
        let in_file = file_len.saturating_sub(offset).min(out.len() as u64) as usize;
        let (from_file, beyond) = out.split_at_mut(in_file);
        self.0.file.read(offset, from_file)?;
        beyond.fill(0);
        let mut len = file_len;
        for change in changes {
            len = change.length(len);
            match change {
                Change::Length(_) => {
                    let kept = len.saturating_sub(offset).min(out.len() as u64) as usize;
                    out[kept..].fill(0);
                }
                Change::Write(at, data) => overlay(offset, out, *at, data),
                Change::Sync => {}
            }
        }
        if offset + out.len() as u64 > len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.keep(|| Change::Length(len)).map_or_else(|| self.0.file.set_len(len), Ok)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.keep(|| Change::Sync).map_or_else(|| self.0.file.sync_data(), Ok)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.keep(|| Change::Write(offset, data.to_vec())).map_or_else(|| self.0.file.write(offset, data), Ok)
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}

/// Copies what of `data`, which stands at `at`, falls into `out`, which stands at `offset`.
fn overlay(offset: u64, out: &mut [u8], at: u64, data: &[u8]) {
    let start = offset.max(at);
    let end = (offset + out.len() as u64).min(at + data.len() as u64);
    if start < end {
        let len = (end - start) as usize;
        let (to, from) = ((start - offset) as usize, (start - at) as usize);
        out[to..to + len].copy_from_slice(&data[from..from + len]);
    }
}

#[cfg(test)]
mod tests {
    use ::redb::backends::InMemoryBackend;

    use super::*;

    fn content(file: &impl StorageBackend) -> Vec<u8> {
        let mut bytes = vec![0; file.len().unwrap() as usize];
        file.read(0, &mut bytes).unwrap();
        bytes
    }

    fn file_of(bytes: &[u8]) -> InMemoryBackend {
        let file = InMemoryBackend::new();
        file.set_len(bytes.len() as u64).unwrap();
        file.write(0, bytes).unwrap();
        file
    }

    #[test]
    fn held_changes_are_read_back_and_reach_the_file_only_when_released() {
        let held = Held::new(file_of(b"abcdefgh"));
        held.write(1, b"XY").unwrap();
        held.set_len(4).unwrap();
        held.set_len(10).unwrap();
        held.write(8, b"Z").unwrap();
        assert_eq!(content(&held), b"aXYd\0\0\0\0Z\0");
        assert_eq!(content(&held.0.file), b"abcdefgh");
        held.release().unwrap();
        assert_eq!(content(&held.0.file), b"aXYd\0\0\0\0Z\0");
        held.write(0, b"!").unwrap();
        assert_eq!(content(&held.0.file), b"!XYd\0\0\0\0Z\0");
    }

    #[test]
    fn a_read_past_the_end_is_refused() {
        let held = Held::new(file_of(b"abcd"));
        assert!(held.read(2, &mut [0; 3]).is_err());
        held.set_len(3).unwrap();
        assert!(held.read(2, &mut [0; 2]).is_err());
        assert!(held.read(2, &mut [0; 1]).is_ok());
    }
}
