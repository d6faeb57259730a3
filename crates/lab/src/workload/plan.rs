//! A plan: a scenario's choices as bytes, a header of 16 and a record of 16 for each transaction. It is what fuzzers
//! mutate, seeds and strategies draw, and minimisation cuts: deleting 16 bytes deletes one transaction. Any byte but
//! the version means something; what the choices mean is decided by [`super::build`].

use arbitrary::{Arbitrary, Unstructured};

use super::chance::Chance;
use super::classes::ConflictClass;

/// The version of the encoding that this build reads: the first byte of every plan.
pub const PLAN_VERSION: u8 = 1;
/// Length of an encoded header in bytes.
pub const HEADER_BYTES: usize = 16;
/// Length of an encoded record in bytes.
pub const RECORD_BYTES: usize = 16;
/// Most records of one plan.
pub(crate) const MAX_RECORDS: usize = 256;

/// A scenario's choices.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{HEADER_BYTES, PLAN_VERSION, Plan, PlanError, RECORD_BYTES};
///
/// let plan = Plan::sized(7, 3);
/// let mut bytes = plan.to_bytes();
/// assert_eq!(bytes.len(), HEADER_BYTES + 3 * RECORD_BYTES);
/// bytes.drain(HEADER_BYTES..HEADER_BYTES + RECORD_BYTES); // As a fuzzer or a minimiser does.
/// assert_eq!(Plan::from_bytes(&bytes)?.records, plan.records[1..]);
///
/// bytes[0] = 99;
/// assert_eq!(Plan::from_bytes(&bytes), Err(PlanError::Version { found: 99, known: PLAN_VERSION }));
/// # Ok::<(), PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub header: Header,
    /// One transaction each.
    pub records: Vec<Record>,
}

/// The choices that concern the whole scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// How many workers a campaign gives the parallel path, less one. The scenario does not depend on it.
    pub workers: u8,
    /// The seed that a campaign takes for the schedule and the order of hash maps. The scenario does not depend on it.
    pub schedule_seed: u16,
    /// The classes that records choose from, by [`ConflictClass::bit`]. None set means all.
    pub class_mask: u16,
    /// Bits 0 to 3: energy, multisigs, burned amounts near their end, a balance near the end. High nibble: rare
    /// styles (full supply, two such balances, the miner's or the dev account's near the end).
    pub genesis_style: u8,
    /// How rich the accounts are.
    pub scale: u8,
    /// How many accounts exist from the start.
    pub accounts: u8,
    /// How many assets there are.
    pub assets: u8,
    /// How often a block ends.
    pub cut_density: u8,
    /// Where heights start and how they jump, how far apart blocks are in time.
    pub block_style: u8,
    /// Seeds amounts, nonces and the like in genesis, and the miners.
    pub genesis_seed: u32,
}

/// The choices that concern one transaction, relative to the state in which it is built. All zeros is the simplest
/// transaction of the first enabled class, right in every respect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Picks among the enabled classes by weight.
    pub class: u8,
    pub sender: u8,
    pub receiver: u8,
    pub asset: u8,
    /// Number of outputs, one mostly.
    pub legs: u8,
    pub amount: u8,
    pub fee: u8,
    pub nonce: u8,
    pub signature: u8,
    /// Whether the block ends after it.
    pub cut: u8,
    /// What follows when it does: another block, another run, an empty block, a rewind.
    pub after: u8,
    /// The class's own choice.
    pub detail: u8,
    /// A number where one is needed.
    pub literal: u32,
}

/// Why bytes are not a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("a plan's header needs {needed} bytes, found {found}")]
    Header { needed: usize, found: usize },
    #[error("plan version {found} in byte 0, this build reads version {known}")]
    Version { found: u8, known: u8 },
    #[error("{found} records in a plan, at most {MAX_RECORDS} are read")]
    Records { found: usize },
}

impl Plan {
    /// Reads a plan. A short last record reads as if zeros followed.
    ///
    /// # Errors
    /// Too few bytes for a header, another version, or too many records.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        let Some((header, rest)) = bytes.split_first_chunk() else {
            return Err(PlanError::Header { needed: HEADER_BYTES, found: bytes.len() });
        };
        if header[0] != PLAN_VERSION {
            return Err(PlanError::Version { found: header[0], known: PLAN_VERSION });
        }
        let found = rest.len().div_ceil(RECORD_BYTES);
        if found > MAX_RECORDS {
            return Err(PlanError::Records { found });
        }
        let records = rest.chunks(RECORD_BYTES).map(|chunk| {
            let mut record = [0; RECORD_BYTES];
            record[..chunk.len()].copy_from_slice(chunk);
            Record::from_bytes(record)
        });
        Ok(Self { header: Header::from_bytes(*header), records: records.collect() })
    }

    /// The bytes that read back as this plan.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.to_bytes().to_vec();
        bytes.extend(self.records.iter().flat_map(Record::to_bytes));
        bytes
    }

    /// The plan of a seed: a non-empty subset of the classes, 1 to 48 records, mostly 4 to 24.
    pub fn from_seed(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let class_mask = match chance.below(4) {
            0 => 0,
            1 => chance.between(1, u64::from(u16::MAX)) as u16,
            _ => (0..chance.between(2, 6)).fold(0, |mask, _| {
                mask | ConflictClass::ALL[chance.below(ConflictClass::ALL.len() as u64) as usize].bit()
            }),
        };
        // Aborted blocks are worth little each: the styles that lead to them are drawn rarely.
        let rare_style = if chance.one_in(16) { chance.between(12, 15) as u8 } else { 0 };
        let header = Header {
            class_mask,
            genesis_style: rare_style << 4 | chance.byte() & chance.byte() & 15,
            workers: chance.below(8) as u8,
            ..Header::from_bytes(chance.bytes())
        };
        let record_count = match chance.below(8) {
            0 => chance.between(1, 4),
            1 => chance.between(24, 48),
            _ => chance.between(4, 24),
        };
        let records = (0..record_count).map(|_| Record::from_bytes(chance.bytes())).collect();
        Self { header, records }
    }

    /// The plan of a seed with exactly `record_count` records (at most 256): the seed's own, cut or
    /// continued.
    pub fn sized(seed: u64, record_count: usize) -> Self {
        let mut plan = Self::from_seed(seed);
        let mut chance = Chance::new(!seed);
        plan.records.resize_with(record_count.min(MAX_RECORDS), || Record::from_bytes(chance.bytes()));
        plan
    }
}

impl Header {
    /// The header that 16 bytes stand for. The version is not looked at: [`Plan::from_bytes`] does that.
    pub fn from_bytes(bytes: [u8; HEADER_BYTES]) -> Self {
        let [
            _version,
            workers,
            schedule_0,
            schedule_1,
            mask_0,
            mask_1,
            genesis_style,
            scale,
            accounts,
            assets,
            cut_density,
            block_style,
            seed @ ..,
        ] = bytes;
        Self {
            workers,
            schedule_seed: u16::from_le_bytes([schedule_0, schedule_1]),
            class_mask: u16::from_le_bytes([mask_0, mask_1]),
            genesis_style,
            scale,
            accounts,
            assets,
            cut_density,
            block_style,
            genesis_seed: u32::from_le_bytes(seed),
        }
    }

    /// The version, then every field, numbers little-endian.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let Self {
            workers,
            schedule_seed,
            class_mask,
            genesis_style,
            scale,
            accounts,
            assets,
            cut_density,
            block_style,
            genesis_seed,
        } = *self;
        let [schedule_0, schedule_1] = schedule_seed.to_le_bytes();
        let [mask_0, mask_1] = class_mask.to_le_bytes();
        let [seed_0, seed_1, seed_2, seed_3] = genesis_seed.to_le_bytes();
        [
            PLAN_VERSION,
            workers,
            schedule_0,
            schedule_1,
            mask_0,
            mask_1,
            genesis_style,
            scale,
            accounts,
            assets,
            cut_density,
            block_style,
            seed_0,
            seed_1,
            seed_2,
            seed_3,
        ]
    }
}

impl Record {
    /// The record that 16 bytes stand for.
    pub fn from_bytes(bytes: [u8; RECORD_BYTES]) -> Self {
        let [class, sender, receiver, asset, legs, amount, fee, nonce, signature, cut, after, detail, literal @ ..] =
            bytes;
        let literal = u32::from_le_bytes(literal);
        Self { class, sender, receiver, asset, legs, amount, fee, nonce, signature, cut, after, detail, literal }
    }

    /// Every field, numbers little-endian.
    pub fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let Self { class, sender, receiver, asset, legs, amount, fee, nonce, signature, cut, after, detail, literal } =
            *self;
        let [a, b, c, d] = literal.to_le_bytes();
        [class, sender, receiver, asset, legs, amount, fee, nonce, signature, cut, after, detail, a, b, c, d]
    }
}

/// All that is left of the input is the plan, read strictly: what is no plan is refused, so that a fuzzer sees its
/// bytes used as they are.
impl<'a> Arbitrary<'a> for Plan {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let bytes = u.bytes(u.len())?;
        Self::from_bytes(bytes).map_err(|_| arbitrary::Error::IncorrectFormat)
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> arbitrary::Result<Self> {
        Self::from_bytes(u.take_rest()).map_err(|_| arbitrary::Error::IncorrectFormat)
    }

    fn size_hint(_depth: usize) -> (usize, Option<usize>) {
        (HEADER_BYTES, Some(HEADER_BYTES + MAX_RECORDS * RECORD_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_back_from_its_bytes() {
        for seed in 0..200 {
            let plan = Plan::from_seed(seed);
            assert_eq!(Plan::from_bytes(&plan.to_bytes()), Ok(plan), "seed {seed}");
        }
    }

    #[test]
    fn every_byte_beside_the_version_is_kept() {
        let mut bytes: Vec<u8> = (0..96).collect();
        bytes[0] = PLAN_VERSION;
        assert_eq!(Plan::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn a_short_last_record_reads_as_zeros() {
        let mut bytes = Plan::from_seed(1).to_bytes();
        bytes.extend([7, 9]);
        let last = *Plan::from_bytes(&bytes).unwrap().records.last().unwrap();
        assert_eq!(last, Record { class: 7, sender: 9, ..Record::default() });
    }

    #[test]
    fn deleting_sixteen_bytes_deletes_one_record() {
        let mut plan = Plan::from_seed(3);
        let mut bytes = plan.to_bytes();
        bytes.drain(HEADER_BYTES + RECORD_BYTES..HEADER_BYTES + 2 * RECORD_BYTES);
        plan.records.remove(1);
        assert_eq!(Plan::from_bytes(&bytes), Ok(plan));
    }

    #[test]
    fn bytes_that_are_no_plan_are_refused() {
        assert_eq!(Plan::from_bytes(&[]), Err(PlanError::Header { needed: 16, found: 0 }));
        assert_eq!(Plan::from_bytes(&[PLAN_VERSION; 15]), Err(PlanError::Header { needed: 16, found: 15 }));
        assert_eq!(Plan::from_bytes(&[2; 16]), Err(PlanError::Version { found: 2, known: 1 }));
        let most = vec![PLAN_VERSION; HEADER_BYTES + MAX_RECORDS * RECORD_BYTES];
        assert_eq!(Plan::from_bytes(&most).unwrap().records.len(), MAX_RECORDS);
        let more = vec![PLAN_VERSION; most.len() + 1];
        assert_eq!(Plan::from_bytes(&more), Err(PlanError::Records { found: 257 }));
    }

    #[test]
    fn arbitrary_takes_all_bytes_and_decodes_strictly() {
        let plan = Plan::from_seed(5);
        let bytes = plan.to_bytes();
        let mut input = Unstructured::new(&bytes);
        assert_eq!(Plan::arbitrary(&mut input).unwrap(), plan);
        assert!(input.is_empty());
        assert_eq!(Plan::arbitrary_take_rest(Unstructured::new(&bytes)).unwrap(), plan);
        let refused = Plan::arbitrary_take_rest(Unstructured::new(&[9; 40]));
        assert!(matches!(refused, Err(arbitrary::Error::IncorrectFormat)));
    }

    #[test]
    fn a_seed_means_one_plan() {
        assert_eq!(Plan::from_seed(42), Plan::from_seed(42));
        assert_ne!(Plan::from_seed(42), Plan::from_seed(43));
        assert!((0..500).all(|seed| (1..=48).contains(&Plan::from_seed(seed).records.len())));
    }
}
