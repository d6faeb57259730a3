//! The state that a ledger begins with. Balances may be any, also ones whose sum no chain could reach; what the rules rely
//! on (energy and multisig invariants, emission below the maximum) is checked here and nowhere later.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    AccountKey, Amount, AssetId, ENERGY_PER_TOS_DAY, Energy, FREEZE_DAYS, Hash, MAX_MULTISIG_PARTICIPANTS,
    MAXIMUM_SUPPLY, MultiSigConfig, TOS, Topoheight,
};

/// The highest topoheight at which a ledger may begin: far above any chain's, and no block on it overflows.
pub const MAX_GENESIS_TOPOHEIGHT: Topoheight = Topoheight::MAX / 2;

/// One account that exists from the start; it is registered where the ledger begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAccount {
    pub nonce: u64,
    pub balances: BTreeMap<AssetId, Amount>,
    /// None: never had one, and has no version. Without participants and with threshold 0: had one that was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multisig: Option<MultiSigConfig>,
    /// None: never froze anything, and has no version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<Energy>,
}

/// The state that a ledger begins with: every value in it becomes a version at its topoheight, without predecessor.
///
/// # Examples
/// ```
/// use seriatim_tos::ledger::{AccountKey, AssetId, Genesis, GenesisAccount, GenesisError};
///
/// let (account, gold) = (AccountKey([1; 32]), AssetId([7; 32]));
/// let rich = GenesisAccount { balances: [(gold, 5)].into(), ..GenesisAccount::default() };
/// let unknown = Genesis { accounts: [(account, rich)].into(), ..Genesis::default() };
/// assert_eq!(unknown.validate(), Err(GenesisError::BalanceAsset { account, asset: gold }));
/// let known = Genesis { assets: [gold].into(), ..unknown };
/// assert_eq!(known.validate(), Ok(()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    pub accounts: BTreeMap<AccountKey, GenesisAccount>,
    /// Known assets beside TOS, which is always known.
    pub assets: BTreeSet<AssetId>,
    /// Burned before the start, per asset. Assets not named have burned 0 and no version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub burned: BTreeMap<AssetId, Amount>,
    /// Created by rewards before the start.
    pub emitted_supply: Amount,
    /// Where the ledger begins. 0 for a chain of its own, more for a part of one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub topoheight: Topoheight,
    /// Transactions that were executed before the start, each with its block: they are skipped.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub executed: BTreeMap<Hash, Hash>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference to the field")]
fn is_zero(topoheight: &Topoheight) -> bool {
    *topoheight == 0
}

/// Why a genesis cannot be started from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    #[error("emitted supply {0} exceeds the maximum supply {MAXIMUM_SUPPLY}")]
    Emitted(Amount),
    #[error("topoheight {0} exceeds {MAX_GENESIS_TOPOHEIGHT}, the highest at which a ledger may begin")]
    Topoheight(Topoheight),
    #[error("account {account}: balance of asset {asset}, which is not among the assets")]
    BalanceAsset { account: AccountKey, asset: AssetId },
    #[error("burned amount of asset {0}, which is not among the assets")]
    BurnedAsset(AssetId),
    #[error("account {account}: multisig {reason}")]
    MultiSig { account: AccountKey, reason: &'static str },
    #[error("account {account}: energy {reason}")]
    Energy { account: AccountKey, reason: &'static str },
}

impl Genesis {
    /// Whether `asset` exists.
    pub fn knows(&self, asset: &AssetId) -> bool {
        *asset == AssetId::TOS || self.assets.contains(asset)
    }

    /// Checks what the rules rely on.
    ///
    /// # Errors
    /// The first broken condition, in order of account key.
    pub fn validate(&self) -> Result<(), GenesisError> {
        if self.emitted_supply > MAXIMUM_SUPPLY {
            return Err(GenesisError::Emitted(self.emitted_supply));
        }
        if self.topoheight > MAX_GENESIS_TOPOHEIGHT {
            return Err(GenesisError::Topoheight(self.topoheight));
        }
        if let Some(asset) = self.burned.keys().find(|asset| !self.knows(asset)) {
            return Err(GenesisError::BurnedAsset(*asset));
        }
        for (&account, entry) in &self.accounts {
            if let Some(&asset) = entry.balances.keys().find(|asset| !self.knows(asset)) {
                return Err(GenesisError::BalanceAsset { account, asset });
            }
            if let Some(config) = &entry.multisig {
                check_multisig(&account, config).map_err(|reason| GenesisError::MultiSig { account, reason })?;
            }
            if let Some(energy) = &entry.energy {
                check_energy(energy).map_err(|reason| GenesisError::Energy { account, reason })?;
            }
        }
        Ok(())
    }
}

fn check_multisig(account: &AccountKey, config: &MultiSigConfig) -> Result<(), &'static str> {
    if *config == MultiSigConfig::DELETED {
        return Ok(());
    }
    let MultiSigConfig { threshold, participants } = config;
    let distinct: BTreeSet<_> = participants.iter().collect();
    if participants.len() > MAX_MULTISIG_PARTICIPANTS {
        Err("has more than 255 participants")
    } else if distinct.len() != participants.len() {
        Err("names a participant twice")
    } else if *threshold == 0 || usize::from(*threshold) > participants.len() {
        Err("has a threshold outside 1..=participants")
    } else if distinct.contains(account) {
        Err("has its own account as participant")
    } else {
        Ok(())
    }
}

fn check_energy(energy: &Energy) -> Result<(), &'static str> {
    let Energy { total, used, frozen, records } = energy;
    let mut frozen_sum = 0_u64;
    let mut total_sum = 0_u64;
    for record in records {
        if record.amount == 0 || record.amount % TOS != 0 {
            return Err("has a record whose amount is not whole TOS");
        }
        if !FREEZE_DAYS.contains(&record.days) {
            return Err("has a record whose duration is not 3..=180 days");
        }
        let gained = record.amount / TOS * ENERGY_PER_TOS_DAY * u64::from(record.days);
        frozen_sum = frozen_sum.checked_add(record.amount).ok_or("has records whose sum does not fit 64 bits")?;
        total_sum = total_sum.checked_add(gained).ok_or("has records whose sum does not fit 64 bits")?;
    }
    if frozen_sum != *frozen {
        Err("`frozen` is not the sum of its records")
    } else if total_sum != *total {
        Err("`total` is not the sum of its records")
    } else if used > total {
        Err("`used` exceeds `total`")
    } else {
        Ok(())
    }
}
