//! A layer around a storage that panics or fails when it reads an account.

use seriatim_tos::ledger::AccountKey;
use seriatim_tos::storage::{Layer, Read, StorageError};

use crate::ON_PURPOSE;

/// What happens when an account's row is read.
#[derive(Clone, Copy, Debug)]
pub enum Strike {
    /// The read panics.
    Panic(AccountKey),
    /// The read fails.
    Fail(AccountKey),
    /// The reads of both accounts fail, with different messages.
    FailBoth(AccountKey, AccountKey),
}

impl Layer for Strike {
    fn before_read(&self, read: Read) -> Result<(), StorageError> {
        let Read::Account(read) = read else { return Ok(()) };
        let failed = |message: &str| Err(StorageError::Failed(message.to_owned()));
        match self {
            Self::Panic(account) if *account == read => panic!("{ON_PURPOSE}"),
            Self::Fail(account) if *account == read => failed(ON_PURPOSE),
            Self::FailBoth(first, _) if *first == read => failed("first"),
            Self::FailBoth(_, second) if *second == read => failed("second"),
            Self::Panic(_) | Self::Fail(_) | Self::FailBoth(..) => Ok(()),
        }
    }
}
