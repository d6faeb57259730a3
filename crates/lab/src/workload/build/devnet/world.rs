//! Who takes part in a devnet, and with what.

use crate::workload::build::world::{World, energy, slack};
use crate::workload::chance::Chance;
use crate::workload::shapes::real_shapes;
use seriatim_tos::ledger::{AccountKey, Amount, AssetId, Genesis, GenesisAccount, MAXIMUM_SUPPLY, TOS};

use super::{Devnet, DevnetContent};

/// Pays those of the pool who have nothing left.
const FAUCET: u32 = 130;
/// The accounts of the real shapes, by their numbers there.
const SHAPE_ACCOUNTS: u32 = 10_000;
/// What the faucet has of TOS, in whole ones: at most some thousands leave it in a segment.
const FAUCET_TOS: Amount = 10_000_000_000;

pub(super) fn faucet(world: &mut World) -> AccountKey {
    world.keyring.account(FAUCET)
}

/// An account of a shape, by its number there.
pub(super) fn shape_account(world: &mut World, number: u32) -> AccountKey {
    world.keyring.account(SHAPE_ACCOUNTS + number)
}

pub(super) fn accounts(world: &mut World, content: DevnetContent) -> Vec<AccountKey> {
    let mut accounts = world.pool.clone();
    accounts.extend(&world.whales);
    accounts.extend(world.cosigners);
    accounts.extend([world.miner, world.parameters.dev_account, faucet(world)]);
    if content != DevnetContent::Plans {
        let most = real_shapes().iter().map(|shape| shape.accounts).max().unwrap_or(0);
        accounts.extend((0..most).map(|number| shape_account(world, number)));
    }
    accounts
}

/// Most are rich. All TOS together fit 64 bits, so that no block is ever aborted; the last asset's do not, by far: what somebody
/// has of it, and what is burned of it, is near the end.
pub(super) fn genesis(devnet: &Devnet) -> Genesis {
    let mut world = World::endless(devnet.signature_scheme, 0);
    let mut chance = Chance::new(devnet.seed);
    let assets = world.assets.clone();
    let last = assets[assets.len() - 1];
    let mut genesis = Genesis {
        assets: assets[1..].iter().copied().collect(),
        emitted_supply: chance.below(MAXIMUM_SUPPLY / 2),
        ..Genesis::default()
    };
    for (index, account) in world.pool.clone().into_iter().enumerate() {
        let balances = assets.iter().map(|asset| (*asset, chance.between(1_000 * TOS, 10_000 * TOS))).collect();
        let mut entry = GenesisAccount { nonce: chance.below(12), balances, ..GenesisAccount::default() };
        if index % 2 == 1 {
            entry.energy = Some(energy(&mut chance, 0));
        }
        genesis.accounts.insert(account, entry);
    }
    let of_each = |amount: Amount| assets.iter().map(move |asset| (*asset, amount)).collect();
    for whale in world.whales.clone() {
        let mut entry = GenesisAccount { balances: of_each(1_000 * TOS), ..GenesisAccount::default() };
        entry.balances.insert(last, Amount::MAX - slack(&mut chance));
        genesis.accounts.insert(whale, entry);
    }
    genesis.burned.insert(last, Amount::MAX - chance.below(100 * TOS));
    genesis.accounts.insert(world.cosigners[0], GenesisAccount::default());
    let rich = GenesisAccount { balances: of_each(FAUCET_TOS * TOS), ..GenesisAccount::default() };
    genesis.accounts.insert(faucet(&mut world), rich);
    if devnet.content != DevnetContent::Plans {
        let others = accounts(&mut world, DevnetContent::Plans).len();
        for account in accounts(&mut world, devnet.content).split_off(others) {
            let entry = GenesisAccount {
                nonce: chance.below(1_000),
                balances: of_each(1_000_000 * TOS),
                ..GenesisAccount::default()
            };
            genesis.accounts.insert(account, entry);
        }
    }
    genesis
}

/// Whether an account of the pool should be paid by the faucet.
pub(super) fn is_poor(tos: Amount) -> bool {
    tos < 100 * TOS
}

/// What it is paid of each asset that it lacks.
pub(super) const ALLOWANCE: Amount = 1_000 * TOS;

/// The assets of a shape, by number there, are those of the devnet.
pub(super) fn asset_of_shape(assets: &[AssetId], number: u8) -> AssetId {
    match number {
        0 => assets[0],
        number => assets[1 + usize::from(number - 1) % (assets.len() - 1)],
    }
}
