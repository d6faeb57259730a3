//! Section 4: the checks in their order. Each function is a row or two of the table.

use std::collections::BTreeSet;

use super::{BlockContext, Payment, Staging, energy};
use crate::ledger::{
    AccountKey, Amount, AssetId, Canonical, ENERGY_PER_OUTPUT, FEE_PER_MULTISIG_SIGNATURE, FEE_PER_NEW_ACCOUNT,
    FEE_PER_OUTPUT, FEE_PER_SIZE, FEE_SIZE_BYTES, FREEZE_DAYS, FeeType, MAX_MULTISIG_PARTICIPANTS,
    MAX_TRANSACTION_EXTRA_DATA_BYTES, MAX_TRANSFER_EXTRA_DATA_BYTES, MAX_TRANSFERS, Payload, SignatureScheme, TOS,
    Transaction, TransactionError, Transfer, UnsignedTransaction,
};

/// Checks 1 to 10.
pub(super) fn verify(
    transaction: &Transaction,
    canonical: &Canonical,
    block: &BlockContext,
    is_signed: &dyn Fn() -> bool,
    staging: &Staging,
) -> Result<Payment, TransactionError> {
    let body = &transaction.body;
    let payment = payment(body)?;
    let required = minimum_fee(transaction, canonical, staging);
    if body.fee < required {
        return Err(TransactionError::InvalidFee { required, given: body.fee });
    }
    let (reference, current) = (body.reference.topoheight, block.topoheight);
    if reference > current {
        return Err(TransactionError::InvalidReference { reference, current });
    }
    if !staging.account(&body.source).exists {
        return Err(TransactionError::AccountNotFound);
    }
    if !staging.nonce.acceptable || body.nonce == u64::MAX {
        return Err(TransactionError::InvalidNonce { next: staging.nonce.next, given: body.nonce });
    }
    format(body, block, staging)?;
    signatures(transaction, canonical.signing_bytes(), block.signature_scheme, is_signed, staging)?;
    for (asset, required) in spending(body)? {
        let available = staging.balance(&body.source, &asset);
        if available < required {
            return Err(TransactionError::InsufficientFunds { asset, available, required });
        }
    }
    energy_left(body, payment, block, staging)?;
    Ok(payment)
}

/// Check 1, and what is paid if all other checks pass.
fn payment(body: &UnsignedTransaction) -> Result<Payment, TransactionError> {
    match (body.fee_type, &body.data) {
        (FeeType::Tos, _) => Ok(Payment { fee: body.fee, energy: 0 }),
        (FeeType::Energy, Payload::Transfers(transfers)) if body.fee == 0 => {
            Ok(Payment { fee: 0, energy: transfers.len() as u64 * ENERGY_PER_OUTPUT })
        }
        (FeeType::Energy, _) => Err(TransactionError::InvalidFormat),
    }
}

fn minimum_fee(transaction: &Transaction, canonical: &Canonical, staging: &Staging) -> Amount {
    if transaction.body.fee_type == FeeType::Energy {
        return 0;
    }
    let transfers: &[Transfer] = match &transaction.body.data {
        Payload::Transfers(transfers) => transfers,
        _ => &[],
    };
    let destinations: BTreeSet<&AccountKey> = transfers.iter().map(|transfer| &transfer.destination).collect();
    let new_accounts = destinations.into_iter().filter(|account| !staging.account(account).exists).count();
    // All four are lengths of things in memory: their sum stays far below 2^64.
    (canonical.size_bytes() as u64).div_ceil(FEE_SIZE_BYTES) * FEE_PER_SIZE
        + transfers.len() as u64 * FEE_PER_OUTPUT
        + new_accounts as u64 * FEE_PER_NEW_ACCOUNT
        + transaction.multisig.len() as u64 * FEE_PER_MULTISIG_SIGNATURE
}

/// Check 6.
fn format(body: &UnsignedTransaction, block: &BlockContext, staging: &Staging) -> Result<(), TransactionError> {
    match &body.data {
        Payload::Transfers(transfers) => transfers_format(body.source, transfers, block),
        Payload::Burn { asset, amount } => {
            if !block.assets.contains(asset) {
                Err(TransactionError::AssetNotFound)
            } else if *amount == 0 {
                Err(TransactionError::InvalidFormat)
            } else {
                Ok(())
            }
        }
        Payload::MultiSig { threshold, participants } => {
            let configured = staging.account(&body.source).multisig.get().is_some();
            multisig_format(body.source, *threshold, participants, configured)
        }
        Payload::FreezeTos { amount, days } => {
            if !is_whole_tos(*amount) {
                Err(TransactionError::InvalidFreezeAmount)
            } else if !FREEZE_DAYS.contains(days) {
                Err(TransactionError::InvalidFreezeDuration)
            } else {
                Ok(())
            }
        }
        Payload::UnfreezeTos { amount } if is_whole_tos(*amount) => Ok(()),
        Payload::UnfreezeTos { .. } => Err(TransactionError::InvalidUnfreezeAmount),
    }
}

fn is_whole_tos(amount: Amount) -> bool {
    amount != 0 && amount.is_multiple_of(TOS)
}

fn transfers_format(source: AccountKey, transfers: &[Transfer], block: &BlockContext) -> Result<(), TransactionError> {
    if !(1..=MAX_TRANSFERS).contains(&transfers.len()) {
        return Err(TransactionError::TransferCount);
    }
    let mut extra_data_bytes = 0;
    for transfer in transfers {
        let bytes = transfer.extra_data.as_ref().map_or(0, Vec::len);
        if transfer.destination == source {
            return Err(TransactionError::SenderIsReceiver);
        } else if !block.assets.contains(&transfer.asset) {
            return Err(TransactionError::AssetNotFound);
        } else if bytes > MAX_TRANSFER_EXTRA_DATA_BYTES {
            return Err(TransactionError::TransferExtraDataSize);
        }
        extra_data_bytes += bytes;
    }
    if extra_data_bytes > MAX_TRANSACTION_EXTRA_DATA_BYTES {
        return Err(TransactionError::TransactionExtraDataSize);
    }
    Ok(())
}

fn multisig_format(
    source: AccountKey,
    threshold: u8,
    participants: &[AccountKey],
    configured: bool,
) -> Result<(), TransactionError> {
    let distinct: BTreeSet<&AccountKey> = participants.iter().collect();
    if participants.len() > MAX_MULTISIG_PARTICIPANTS || distinct.len() != participants.len() {
        Err(TransactionError::MultiSigParticipants)
    } else if usize::from(threshold) > participants.len() || (threshold == 0 && !participants.is_empty()) {
        Err(TransactionError::MultiSigThreshold)
    } else if distinct.contains(&source) {
        Err(TransactionError::MultiSigParticipants)
    } else if participants.is_empty() && !configured {
        Err(TransactionError::MultiSigNotConfigured)
    } else {
        Ok(())
    }
}

/// Checks 7 and 8. The participants are those of the account as it is now, so their signatures are verified here.
fn signatures(
    transaction: &Transaction,
    signing_bytes: &[u8],
    scheme: SignatureScheme,
    is_signed: &dyn Fn() -> bool,
    staging: &Staging,
) -> Result<(), TransactionError> {
    let source = &transaction.body.source;
    let given = &transaction.multisig;
    if !is_signed() {
        return Err(TransactionError::InvalidSignature);
    }
    let Some(config) = staging.account(source).multisig.get() else {
        return if given.is_empty() { Ok(()) } else { Err(TransactionError::MultiSigNotConfigured) };
    };
    if given.is_empty() {
        return Err(TransactionError::MultiSigNotFound);
    }
    let distinct: BTreeSet<u8> = given.iter().map(|signature| signature.participant).collect();
    let names_all = distinct.last().is_some_and(|&last| usize::from(last) < config.participants.len());
    if given.len() != usize::from(config.threshold) || distinct.len() != given.len() || !names_all {
        return Err(TransactionError::MultiSigParticipants);
    }
    let all_right = given.iter().all(|given| {
        let participant = &config.participants[usize::from(given.participant)];
        scheme.verify(participant, signing_bytes, &given.signature)
    });
    if all_right { Ok(()) } else { Err(TransactionError::InvalidSignature) }
}

/// What the source spends, per asset in order of first appearance (section 3).
///
/// # Errors
/// `Overflow` where a sum does not fit: the first half of check 9.
pub(super) fn spending(body: &UnsignedTransaction) -> Result<Vec<(AssetId, Amount)>, TransactionError> {
    // At most 255 entries (check 6 has counted the transfers), so a linear search is as good as a map.
    let mut spending: Vec<(AssetId, Amount)> = Vec::new();
    let mut spend = |asset: AssetId, amount: Amount| {
        match spending.iter_mut().find(|(known, _)| *known == asset) {
            Some((_, sum)) => *sum = sum.checked_add(amount).ok_or(TransactionError::Overflow)?,
            None => spending.push((asset, amount)),
        }
        Ok::<(), TransactionError>(())
    };
    match &body.data {
        Payload::Transfers(transfers) => {
            for transfer in transfers {
                spend(transfer.asset, transfer.amount)?;
            }
        }
        Payload::Burn { asset, amount } => spend(*asset, *amount)?,
        Payload::FreezeTos { amount, days: _ } => spend(AssetId::TOS, *amount)?,
        Payload::MultiSig { .. } | Payload::UnfreezeTos { .. } => {}
    }
    if body.fee_type == FeeType::Tos {
        spend(AssetId::TOS, body.fee)?;
    }
    Ok(spending)
}

/// Check 10.
fn energy_left(
    body: &UnsignedTransaction,
    payment: Payment,
    block: &BlockContext,
    staging: &Staging,
) -> Result<(), TransactionError> {
    let energy = staging.account(&body.source).energy.get();
    let available = energy.total - energy.used;
    if available < payment.energy {
        return Err(TransactionError::InsufficientEnergy { available, required: payment.energy });
    }
    if let Payload::UnfreezeTos { amount: required } = body.data {
        let unlocked = energy::unlocked(energy, block.height);
        if energy.frozen < required {
            return Err(TransactionError::InsufficientFrozen { available: energy.frozen, required });
        } else if unlocked < required {
            return Err(TransactionError::FrozenLocked { available: unlocked, required });
        }
    }
    Ok(())
}
