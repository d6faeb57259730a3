//! What a block creates, and for whom (section 7, step 1).

use crate::ledger::{
    Amount, DEV_FEE_CHANGE_HEIGHT, DEV_FEE_PERCENT, EMISSION_DIVISOR, EMISSION_SPEED_BITS, Height, MAXIMUM_SUPPLY,
};

/// The two shares of a block's reward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reward {
    pub dev: Amount,
    pub miner: Amount,
}

impl Reward {
    /// What is created in all.
    pub fn total(self) -> Amount {
        self.dev + self.miner
    }
}

/// The reward of a block at `height` when `emitted` (at most the maximum supply) was created before it.
pub fn block_reward(emitted: Amount, block_time_ms: u32, height: Height) -> Reward {
    let per_second = (MAXIMUM_SUPPLY - emitted) >> EMISSION_SPEED_BITS;
    // Below 2^35 x 2^32 / 180 000: no intermediate overflows in 128 bits, and the result fits 64.
    let total = u128::from(per_second) * u128::from(block_time_ms) / 1_000 / u128::from(EMISSION_DIVISOR);
    let total = Amount::try_from(total).expect("at most a part of the maximum supply");
    let (early, late) = DEV_FEE_PERCENT;
    let percent = if height < DEV_FEE_CHANGE_HEIGHT { early } else { late };
    let dev = total * percent / 100;
    Reward { dev, miner: total - dev }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_creates_the_documented_reward() {
        // floor(1.84e16 / 2^20) = 17 547 607 421; over 180 is 97 486 707.
        let reward = block_reward(0, 1_000, 0);
        assert_eq!(reward.total(), 97_486_707);
        assert_eq!(reward.dev, 9_748_670);
    }

    #[test]
    fn the_dev_fee_falls_at_its_height() {
        assert_eq!(block_reward(0, 1_000, DEV_FEE_CHANGE_HEIGHT - 1).dev, 9_748_670);
        assert_eq!(block_reward(0, 1_000, DEV_FEE_CHANGE_HEIGHT).dev, 4_874_335);
    }

    #[test]
    fn nothing_is_created_beyond_the_maximum_supply() {
        assert_eq!(block_reward(MAXIMUM_SUPPLY, u32::MAX, 0).total(), 0);
        assert!(block_reward(0, u32::MAX, 0).total() < MAXIMUM_SUPPLY);
    }
}
