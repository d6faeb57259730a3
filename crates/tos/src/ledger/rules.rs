//! The rules of sections 4 and 6, shared by the sequential and the parallel path: pure functions over a
//! [`Staging`], which holds copies of all that one transaction may see. Whoever runs a transaction loads its staging,
//! calls [`execute`], and commits the staging only if that succeeded: a failed transaction leaves nothing behind
//! because nothing it did was ever anywhere else.

mod energy;
mod footprint;
mod reward;
mod staging;
mod verify;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{
    AccountKey, Amount, AssetId, Canonical, FeeType, Hash, Height, MultiSigConfig, Payload, SignatureScheme,
    Topoheight, Transaction, TransactionError,
};

pub use footprint::{Footprint, footprint};
pub use reward::{Reward, block_reward};
pub use staging::{NonceOffer, Staged, StagedAccount, Staging};

/// What all transactions of a block have in common. It does not change while they run.
#[derive(Clone, Debug)]
pub struct BlockContext {
    pub block: Hash,
    /// C in the contract: the topoheight at which this block's effects stand.
    pub topoheight: Topoheight,
    pub height: Height,
    pub miner: AccountKey,
    pub dev_account: AccountKey,
    pub signature_scheme: SignatureScheme,
    /// TOS included.
    pub assets: Arc<BTreeSet<AssetId>>,
}

/// What an executed transaction paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    pub fee: Amount,
    pub energy: u64,
}

/// Verifies and applies one transaction on its staging. `is_signed` is asked where check 7 stands, and only there: whether
/// the source's signature is right. Who answers may have known it long before.
///
/// # Errors
/// The first check of section 4 that fails. The staging is then in an undefined state and must be dropped.
pub fn execute(
    transaction: &Transaction,
    canonical: &Canonical,
    block: &BlockContext,
    is_signed: &dyn Fn() -> bool,
    staging: &mut Staging,
) -> Result<Payment, TransactionError> {
    let payment = verify::verify(transaction, canonical, block, is_signed, staging)?;
    apply(transaction, block, staging, payment)?;
    Ok(payment)
}

/// Section 6. Check 11 happens here, at each credit.
fn apply(
    transaction: &Transaction,
    block: &BlockContext,
    staging: &mut Staging,
    payment: Payment,
) -> Result<(), TransactionError> {
    let body = &transaction.body;
    let source = body.source;
    for (asset, amount) in verify::spending(body)? {
        staging.debit(source, asset, amount);
    }
    if body.fee_type == FeeType::Energy {
        staging.account_mut(source).energy.update(|energy| energy.used += payment.energy);
    }
    match &body.data {
        Payload::Transfers(transfers) => {
            for transfer in transfers {
                staging.credit(transfer.destination, transfer.asset, transfer.amount)?;
            }
        }
        Payload::Burn { asset: _, amount } => {
            staging.burned.checked_add(*amount).ok_or(TransactionError::Overflow)?;
            staging.burn = *amount;
        }
        Payload::MultiSig { threshold, participants } => {
            let config = (!participants.is_empty())
                .then(|| MultiSigConfig { threshold: *threshold, participants: participants.clone() });
            staging.account_mut(source).multisig.set(config);
        }
        Payload::FreezeTos { amount, days } => {
            let record = energy::record(*amount, *days, block.height).ok_or(TransactionError::Overflow)?;
            let account = staging.account_mut(source);
            let frozen = energy::freeze(account.energy.get(), record).ok_or(TransactionError::Overflow)?;
            account.energy.set(frozen);
        }
        Payload::UnfreezeTos { amount } => {
            let account = staging.account_mut(source);
            account.energy.update(|energy| energy::unfreeze(energy, *amount, block.height));
            staging.credit(source, AssetId::TOS, *amount)?;
        }
    }
    Ok(())
}
