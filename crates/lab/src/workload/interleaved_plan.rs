//! One fuzzer input for plan and schedule together. The last bytes say how long the schedule is, so that a mutation in the
//! plan leaves the schedule where it is and the other way round.

use arbitrary::{Arbitrary, Unstructured};

use super::chance::Chance;
use super::{HEADER_BYTES, Plan};

/// Bytes of the trailer: the schedule's length, little-endian.
const TRAILER_BYTES: usize = 2;

/// A plan, and a byte for each choice of its schedule. When they are used up, choices go on from the plan's own seed.
///
/// # Examples
/// ```
/// use seriatim_lab::workload::{InterleavedPlan, Plan};
///
/// let input = InterleavedPlan::scheduled(Plan::sized(7, 3), 1, 40);
/// let bytes = input.to_bytes();
/// assert_eq!(InterleavedPlan::from_bytes(&bytes)?, input);
/// # Ok::<(), seriatim_lab::workload::PlanError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterleavedPlan {
    pub plan: Plan,
    pub schedule: Vec<u8>,
}

impl InterleavedPlan {
    /// A plan with so many bytes of schedule, drawn from a seed.
    pub fn scheduled(plan: Plan, seed: u64, length: usize) -> Self {
        let mut chance = Chance::new(!seed);
        Self { plan, schedule: (0..length).map(|_| chance.byte()).collect() }
    }

    /// The bytes that read back as this input.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.plan.to_bytes();
        bytes.extend(&self.schedule);
        bytes.extend((self.schedule.len() as u16).to_le_bytes());
        bytes
    }

    /// Reads an input. A length that is too great for what is there counts modulo the bytes there are.
    ///
    /// # Errors
    /// Of the plan.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, super::PlanError> {
        let (rest, trailer) = bytes.split_at(bytes.len().saturating_sub(TRAILER_BYTES));
        let length = trailer.first_chunk().map_or(0, |length| usize::from(u16::from_le_bytes(*length)));
        let room = rest.len().saturating_sub(HEADER_BYTES);
        let (plan, schedule) = rest.split_at(rest.len() - length % (room + 1));
        Ok(Self { plan: Plan::from_bytes(plan)?, schedule: schedule.to_vec() })
    }
}

impl<'a> Arbitrary<'a> for InterleavedPlan {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let bytes = u.bytes(u.len())?;
        Self::from_bytes(bytes).map_err(|_| arbitrary::Error::IncorrectFormat)
    }

    fn arbitrary_take_rest(u: Unstructured<'a>) -> arbitrary::Result<Self> {
        Self::from_bytes(u.take_rest()).map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_and_schedule_read_back_from_one_input() {
        for seed in 0..50 {
            let input = InterleavedPlan { plan: Plan::from_seed(seed), schedule: (0..seed as u8).collect() };
            assert_eq!(InterleavedPlan::from_bytes(&input.to_bytes()), Ok(input));
        }
    }

    #[test]
    fn any_length_of_schedule_reads_as_some_schedule() {
        let mut bytes = InterleavedPlan { plan: Plan::from_seed(1), schedule: vec![1, 2, 3] }.to_bytes();
        let end = bytes.len();
        bytes[end - 2..].copy_from_slice(&[0xff, 0xff]);
        assert!(InterleavedPlan::from_bytes(&bytes).is_ok());
        assert!(InterleavedPlan::from_bytes(&[]).is_err());
    }
}
