//! Amounts, sums, burned amounts and fees at the end of 64 bits: to the last unit, and one beyond.

use seriatim_tos::ledger::{AccountKey, Amount, AssetId, FREEZE_DAYS, Payload, TOS};

use super::draft::{AmountChoice, Draft, FeeChoice};
use super::scene::{Scene, output};
use super::weighted::Weighted;

/// What a record brings to the end of 64 bits.
#[derive(Clone, Copy, Debug)]
enum Limit {
    LargestAmount,
    /// No balance could cover it either.
    SumOfOutputs,
    BurnToTheLast,
    BurnOneBeyond,
    BalanceToTheLast,
    BalanceOneBeyond,
    WhaleSpends,
    LargeFee,
    HalfAsFee,
    WhaleFreezes,
}

const LIMITS: Weighted<Limit> = Weighted(&[
    (1, Limit::LargestAmount),
    (1, Limit::SumOfOutputs),
    (3, Limit::BurnToTheLast),
    (2, Limit::BurnOneBeyond),
    (2, Limit::BalanceToTheLast),
    (2, Limit::BalanceOneBeyond),
    (1, Limit::WhaleSpends),
    (2, Limit::LargeFee),
    (1, Limit::HalfAsFee),
    (1, Limit::WhaleFreezes),
]);

impl Scene<'_> {
    pub(super) fn limits(&mut self) -> Draft {
        if self.record.detail >= 128
            && let Some(rival) = self.rival_burn().or_else(|| self.rival_fee())
        {
            return rival;
        }
        let whales = &self.stage.whales;
        let whale = whales.get(usize::from(self.record.sender & 1)).or(whales.first()).copied();
        let paying_whale = whale.filter(|whale| self.can_pay(whale, 20_000));
        // Only where there are two whales can two large fees meet in one block: there they are frequent.
        let case = if whales.len() > 1 && paying_whale.is_some() && self.record.detail & 32 != 0 {
            Limit::LargeFee
        } else {
            LIMITS.pick(self.record.detail.into())
        };
        let draft = match case {
            Limit::LargestAmount => {
                let source = self.sender();
                let right = self.right_transfer(source, self.receiver(&source));
                Some(Draft { amount: AmountChoice::Exactly(Amount::MAX), ..right })
            }
            Limit::SumOfOutputs => Some(self.overflowing_sum()),
            Limit::BurnToTheLast => Some(self.burn_to_the_last()),
            Limit::BurnOneBeyond => Some(self.burn_one_beyond()),
            Limit::BalanceToTheLast => whale.map(|whale| self.fill_balance(whale)),
            Limit::BalanceOneBeyond => whale.map(|whale| self.overfill_balance(whale)),
            Limit::WhaleSpends => paying_whale.map(|whale| {
                let right = self.right_transfer(whale, self.usual_receiver());
                Draft { amount: AmountChoice::UpTo(self.literal()), ..right }
            }),
            Limit::LargeFee => paying_whale.map(|whale| self.large_fee(whale)),
            Limit::HalfAsFee => {
                let source = self.sender();
                let fee = FeeChoice::Exactly(self.tos(&source) / 2);
                let right = self.right_transfer(source, self.receiver(&source));
                Some(Draft { fee, amount: AmountChoice::AllAnd(0), ..right })
            }
            Limit::WhaleFreezes => paying_whale.map(|whale| {
                let amount = self.tos(&whale) / 2 / TOS * TOS;
                self.right_draft(whale, Payload::FreezeTos { amount, days: *FREEZE_DAYS.end() })
            }),
        };
        draft.unwrap_or_else(|| self.plain_transfer())
    }

    fn overflowing_sum(&self) -> Draft {
        let source = self.sender();
        let asset = self.asset(&source, 0);
        let mut transfers = vec![output(asset, self.receiver(&source)), output(asset, self.receiver_from(1, &source))];
        transfers[0].amount = Amount::MAX - self.literal() % 2;
        transfers[1].amount = 1 + self.literal() % 3;
        self.drafted(source, transfers)
    }

    fn burn_to_the_last(&self) -> Draft {
        let (source, asset, available) = self.spending();
        let room = Amount::MAX - self.reference.burned(&asset);
        self.burn(source, asset, room.clamp(1, (available / 4).max(1)))
    }

    fn burn_one_beyond(&self) -> Draft {
        let (source, asset, available) = self.spending();
        let room = Amount::MAX - self.reference.burned(&asset);
        self.burn(source, asset, room.saturating_add(1).min(available.max(1)))
    }

    fn burn(&self, source: AccountKey, asset: AssetId, amount: Amount) -> Draft {
        let draft = self.right_draft(source, Payload::Burn { asset, amount });
        Draft { amount: AmountChoice::AsDrafted, ..draft }
    }

    fn fill_balance(&self, whale: AccountKey) -> Draft {
        let (source, asset, available) = self.spending();
        let room = Amount::MAX - self.reference.balance(&whale, &asset);
        let mut transfers = vec![output(asset, whale)];
        transfers[0].amount = room.min(available / 2);
        self.drafted(source, transfers)
    }

    /// An output before has been credited already when the whale's does not fit.
    fn overfill_balance(&mut self, whale: AccountKey) -> Draft {
        let (source, asset, available) = self.spending();
        let room = Amount::MAX - self.reference.balance(&whale, &asset);
        let before = if self.record.detail & 64 == 0 { self.receiver(&source) } else { self.unseen() };
        let mut transfers = vec![output(self.asset(&source, 1), before), output(asset, whale)];
        transfers[0].amount = 1;
        transfers[1].amount = room.saturating_add(1).min(available);
        self.drafted(source, transfers)
    }

    /// Two of these in one block overflow the sum of its fees.
    fn large_fee(&self, whale: AccountKey) -> Draft {
        let fee = FeeChoice::Exactly(self.tos(&whale) / 4 * 3);
        Draft { fee, amount: AmountChoice::Exactly(0), ..self.right_transfer(whale, self.usual_receiver()) }
    }

    /// A sender, an asset of his, and how much of it he can spend and still pay a fee.
    fn spending(&self) -> (AccountKey, AssetId, Amount) {
        let source = self.sender();
        let asset = self.asset(&source, 0);
        (source, asset, self.reference.balance(&source, &asset).saturating_sub(1_000_000))
    }

    /// The account that the record's sender would pay.
    fn usual_receiver(&self) -> AccountKey {
        self.receiver(&self.sender())
    }

    /// The room that the newest burn left does not suffice for this one, by somebody who may share nothing with the first:
    /// only the sum over the whole block decides which of the two is executed.
    fn rival_burn(&self) -> Option<Draft> {
        let (burner, asset) = self.memory.burn?;
        let room = Amount::MAX - self.reference.burned(&asset);
        let pool = &self.stage.pool;
        let start = usize::from(self.record.receiver);
        let candidates = (0..pool.len()).map(|step| pool[(start + step) % pool.len()]);
        let rival =
            candidates.filter(|account| *account != burner && self.can_pay(account, 1_020_000)).find(|account| {
                let kept = if asset == AssetId::TOS { 1_000_000 } else { 0 };
                self.reference.balance(account, &asset).saturating_sub(kept) > room
            })?;
        let burn = self.right_draft(rival, Payload::Burn { asset, amount: room + 1 });
        Some(Draft { amount: AmountChoice::AsDrafted, ..burn })
    }

    /// A fee that does not fit beside the newest large one, by somebody else: only the sum over the whole block shows it.
    fn rival_fee(&self) -> Option<Draft> {
        let (payer, fee) = self.memory.large_fee?;
        let room = Amount::MAX - fee;
        let whales = self.stage.whales.iter().copied();
        let able = |account: &AccountKey| self.can_pay(account, 20_000) && self.tos(account) > room;
        let rival = whales.filter(|account| *account != payer).find(able)?;
        let right = self.right_transfer(rival, self.receiver(&rival));
        Some(Draft { fee: FeeChoice::Exactly(room + 1), amount: AmountChoice::Exactly(0), ..right })
    }
}
