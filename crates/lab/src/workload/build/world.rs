//! What a plan's header stands for: the accounts and assets that take part, parameters, genesis, and the block headers
//! to come.

use crate::workload::chance::Chance;
use crate::workload::keyring::{Keyring, asset};
use crate::workload::plan::Header;
use seriatim_tos::execution::reference::{BlockHeader, Reference};
use seriatim_tos::ledger::{
    AccountKey, Amount, AssetId, DEV_FEE_CHANGE_HEIGHT, ENERGY_PER_TOS_DAY, Energy, FreezeRecord, Genesis,
    GenesisAccount, HEIGHTS_PER_DAY, Hash, Height, MAXIMUM_SUPPLY, MultiSigConfig, Parameters, SignatureScheme, TOS,
};

/// Numbers of accounts outside the pool.
const DEV_ACCOUNT: u32 = 100;
const MINER: u32 = 101;
const WHALES: u32 = 110;
/// Sign for multisigs, and may have nothing of their own.
const COSIGNERS: u32 = 120;
/// Never in genesis; from here on.
const NEVER_SEEN: u32 = 1_000;
const NEVER_SEEN_MINERS: u32 = 100_000;

/// Everything that is fixed before the first transaction.
#[derive(Debug)]
pub(super) struct World {
    pub keyring: Keyring,
    /// Ordinary accounts, at least three, all in genesis.
    pub pool: Vec<AccountKey>,
    /// TOS first.
    pub assets: Vec<AssetId>,
    /// Accounts with a balance near the end of 64 bits; none or up to two.
    pub whales: Vec<AccountKey>,
    pub cosigners: [AccountKey; 3],
    pub miner: AccountKey,
    pub parameters: Parameters,
    pub genesis: Genesis,
    /// Accounts that genesis does not know are others in every epoch. A scenario has one.
    pub epoch: u64,
    header: Header,
    height: Height,
    blocks: u64,
}

/// One nibble of the header: what seldom happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RareStyle {
    None,
    TwoWhales,
    /// Nothing is left to emit, or hardly anything.
    FullSupply,
    /// The dev account's balance takes a few dev fees more.
    DevNearEnd,
    /// The miner's balance takes one reward more, and then few fees.
    MinerNearEnd,
}

impl World {
    pub(super) fn new(header: &Header, scheme: SignatureScheme) -> Self {
        let mut chance = Chance::new(u64::from(header.genesis_seed));
        let mut keyring = Keyring::new(scheme);
        let rare = match header.genesis_style >> 4 {
            12 => RareStyle::TwoWhales,
            13 => RareStyle::FullSupply,
            // These abort blocks, and an aborted block tells little: among arbitrary headers they are to be few.
            14 if header.scale.is_multiple_of(4) => RareStyle::DevNearEnd,
            15 if header.scale.is_multiple_of(2) => RareStyle::MinerNearEnd,
            _ => RareStyle::None,
        };
        let whale_count = match rare {
            RareStyle::TwoWhales => 2,
            _ => u32::from(header.genesis_style >> 3 & 1),
        };
        let block_time_ms = match header.block_style >> 5 {
            0..=2 => 15_000,
            3 | 4 => 5_000,
            5 => 180_000,
            6 => 0,
            _ => u32::MAX,
        };
        let dev_account = keyring.account(DEV_ACCOUNT);
        let height = match header.block_style & 7 {
            1 => 1_000,
            2 => DEV_FEE_CHANGE_HEIGHT - 3,
            3 => 3 * HEIGHTS_PER_DAY,
            4 => DEV_FEE_CHANGE_HEIGHT - HEIGHTS_PER_DAY,
            5 => 20_000_000,
            // Near the end, where a freeze cannot be unlocked any more.
            6 if header.genesis_seed.is_multiple_of(4) => Height::MAX - 10 * HEIGHTS_PER_DAY,
            _ => 0,
        };
        let mut world = Self {
            pool: (0..3 + u32::from(header.accounts % 14)).map(|number| keyring.account(number)).collect(),
            assets: (0..=header.assets % 4).map(asset).collect(),
            whales: (0..whale_count).map(|number| keyring.account(WHALES + number)).collect(),
            cosigners: std::array::from_fn(|index| keyring.account(COSIGNERS + index as u32)),
            miner: keyring.account(MINER),
            parameters: Parameters { signature_scheme: scheme, dev_account, block_time_ms },
            genesis: Genesis::default(),
            epoch: 0,
            keyring,
            header: *header,
            height,
            blocks: 0,
        };
        world.people(&mut chance);
        world.fill(&mut chance);
        world.stretch(&mut chance, rare);
        world
    }

    /// An account that genesis does not know.
    pub(super) fn never_seen(&mut self, number: u32) -> AccountKey {
        self.keyring.account_of(self.epoch, NEVER_SEEN + number)
    }

    /// The world of a chain without end, with everybody that it has from the start. Blocks get their headers elsewhere, and
    /// genesis is filled there.
    pub(super) fn endless(scheme: SignatureScheme, epoch: u64) -> Self {
        let mut keyring = Keyring::new(scheme);
        let dev_account = keyring.account(DEV_ACCOUNT);
        Self {
            pool: (0..16).map(|number| keyring.account(number)).collect(),
            assets: (0..4).map(asset).collect(),
            whales: vec![keyring.account(WHALES)],
            cosigners: std::array::from_fn(|index| keyring.account(COSIGNERS + index as u32)),
            miner: keyring.account(MINER),
            parameters: Parameters { signature_scheme: scheme, dev_account, block_time_ms: 15_000 },
            genesis: Genesis::default(),
            epoch,
            keyring,
            header: Header::default(),
            height: 0,
            blocks: 0,
        }
    }

    /// A miner that never mined before.
    pub(super) fn never_seen_miner(&mut self, number: u32) -> AccountKey {
        self.keyring.account_of(self.epoch, NEVER_SEEN_MINERS + number)
    }

    /// The header of the next block. It depends on the plan's header and the number of blocks before, not on the
    /// records: deleting a record moves no other into another block's circumstances.
    pub(super) fn next_header(&mut self, parent: Hash, avoid: Option<AccountKey>) -> BlockHeader {
        self.blocks += 1;
        let mut chance = Chance::new(u64::from(self.header.genesis_seed) << 16 | self.blocks);
        let jumps = [8, 4, 2, 16][usize::from(self.header.block_style >> 3 & 3)];
        let jump = if chance.one_in(jumps) {
            [3, 3, 3, 7, 180, 1][chance.below(6) as usize] * HEIGHTS_PER_DAY
        } else if chance.one_in(16) {
            0 // Two blocks of one height: in a DAG that is usual.
        } else {
            1
        };
        self.height = self.height.saturating_add(jump);
        let choice = chance.below(16);
        let number = chance.below(256);
        let miner = match choice {
            _ if avoid.is_some_and(|avoided| avoided == self.miner) => None,
            0..=8 => Some(self.miner),
            9..=11 => Some(self.pool[number as usize % self.pool.len()]),
            12 | 13 => Some(self.parameters.dev_account),
            _ => None,
        };
        let miner = miner.unwrap_or_else(|| self.keyring.account(NEVER_SEEN_MINERS + number as u32));
        BlockHeader { parent, height: self.height, miner }
    }

    /// Every account of the pool, with nonce and balances; miner and dev account now and then.
    fn people(&mut self, chance: &mut Chance) {
        self.genesis.assets = self.assets[1..].iter().copied().collect();
        for &account in &self.pool {
            let nonce = if chance.one_in(100) { u64::MAX - chance.between(1, 4) } else { chance.below(12) };
            let mut entry = GenesisAccount { nonce, ..GenesisAccount::default() };
            for &asset in &self.assets {
                if asset == AssetId::TOS || !chance.one_in(4) {
                    entry.balances.insert(asset, balance(chance, self.header.scale));
                }
            }
            self.genesis.accounts.insert(account, entry);
        }
        // Nobody acts in a chain where nobody can pay.
        let first = self.genesis.accounts.entry(self.pool[0]).or_default();
        first.balances.insert(AssetId::TOS, chance.between(1_000 * TOS, 100_000 * TOS));
        first.nonce = first.nonce.min(100);
        for account in [self.miner, self.parameters.dev_account] {
            if chance.one_in(2) {
                let entry = self.genesis.accounts.entry(account).or_default();
                entry.balances.insert(AssetId::TOS, chance.below(10 * TOS));
            }
        }
        for &cosigner in &self.cosigners[..chance.below(3) as usize] {
            self.genesis.accounts.insert(cosigner, GenesisAccount::default());
        }
        self.genesis.emitted_supply = chance.below(MAXIMUM_SUPPLY / 2);
    }

    /// Energy and multisigs, as the header says.
    fn fill(&mut self, chance: &mut Chance) {
        if self.header.genesis_style & 1 != 0 {
            for account in &self.pool {
                if chance.one_in(2) {
                    let entry = self.genesis.accounts.get_mut(account).expect("the pool is in genesis");
                    entry.energy = Some(energy(chance, self.height));
                }
            }
        }
        if self.header.genesis_style & 2 != 0 {
            let account = &self.pool[1 + chance.below(2) as usize];
            let mut participants = self.cosigners.to_vec();
            participants.push(self.pool[0]);
            chance.shuffle(&mut participants);
            participants.truncate(chance.between(1, 4) as usize);
            let threshold = chance.between(1, participants.len() as u64) as u8;
            let entry = self.genesis.accounts.get_mut(account).expect("the pool is in genesis");
            entry.multisig = Some(MultiSigConfig { threshold, participants });
        }
    }

    /// Amounts near the end of 64 bits.
    fn stretch(&mut self, chance: &mut Chance, rare: RareStyle) {
        if self.header.genesis_style & 4 != 0 {
            for &asset in &self.assets {
                if chance.one_in(2) {
                    self.genesis.burned.insert(asset, Amount::MAX - slack(chance));
                }
            }
        }
        for whale in &self.whales {
            let entry = self.genesis.accounts.entry(*whale).or_default();
            for &asset in &self.assets {
                entry.balances.insert(asset, Amount::MAX - slack(chance));
            }
        }
        match rare {
            RareStyle::None | RareStyle::TwoWhales => {}
            RareStyle::FullSupply => self.genesis.emitted_supply = MAXIMUM_SUPPLY - chance.below(3) * chance.below(TOS),
            RareStyle::DevNearEnd => {
                let (dev_fee, _) = self.first_reward();
                let room = (dev_fee * chance.between(1, 4)).saturating_sub(chance.below(2));
                self.set_tos(self.parameters.dev_account, Amount::MAX - room);
            }
            RareStyle::MinerNearEnd => {
                let (_, reward) = self.first_reward();
                let room = if chance.one_in(4) { reward.saturating_sub(1) } else { reward + chance.below(100_000) };
                self.set_tos(self.miner, Amount::MAX - room);
            }
        }
    }

    fn set_tos(&mut self, account: AccountKey, amount: Amount) {
        self.genesis.accounts.entry(account).or_default().balances.insert(AssetId::TOS, amount);
    }

    /// What the first block will give to the dev account, which is emptied for it, and to its miner.
    fn first_reward(&mut self) -> (Amount, Amount) {
        let miner = self.keyring.account(NEVER_SEEN_MINERS);
        let dev_account = self.parameters.dev_account;
        self.set_tos(dev_account, 0);
        let mut probe = Reference::new(&self.parameters, &self.genesis);
        let height = self.height + 1;
        probe.begin(&BlockHeader { parent: Hash::ZERO, height, miner }).expect("both balances begin at 0");
        (probe.balance(&dev_account, &AssetId::TOS), probe.balance(&miner, &AssetId::TOS))
    }
}

/// Rich: acts for long. Middling: for a while. Poor: a fee or two.
fn balance(chance: &mut Chance, scale: u8) -> Amount {
    let (rich, middling) = match scale {
        0..=159 => (7, 8),
        160..=223 => (4, 6),
        224..=255 => (2, 4),
    };
    let kind = chance.below(8);
    if kind < rich {
        chance.between(10 * TOS, 100_000 * TOS)
    } else if kind < middling {
        chance.between(1_000_000, TOS)
    } else {
        chance.below(200_000)
    }
}

/// What fits into an amount near its end: nothing, little, or some TOS.
pub(super) fn slack(chance: &mut Chance) -> Amount {
    match chance.below(4) {
        0 => 0,
        1 => chance.below(100),
        2 => chance.below(1_000_000),
        _ => chance.below(100 * TOS),
    }
}

/// One to three freezes, of which some are unlocked in the first block.
pub(super) fn energy(chance: &mut Chance, height: Height) -> Energy {
    let mut energy = Energy::default();
    for _ in 0..chance.between(1, 3) {
        let amount = chance.between(1, 50) * TOS;
        let days = [3, 7, 30, 180][chance.below(4) as usize];
        let unlock_height = match chance.below(3) {
            0 => height,
            1 => height.saturating_add(chance.below(4)),
            _ => height.saturating_add(u64::from(days) * HEIGHTS_PER_DAY),
        };
        energy.frozen += amount;
        energy.total += amount / TOS * ENERGY_PER_TOS_DAY * u64::from(days);
        energy.records.push(FreezeRecord { amount, days, unlock_height });
    }
    energy.used = match chance.below(4) {
        0 | 1 => 0,
        2 => energy.total - chance.below(3),
        _ => chance.below(energy.total),
    };
    energy
}
