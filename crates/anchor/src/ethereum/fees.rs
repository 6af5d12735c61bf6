//! What a transaction pays: by the market of EIP-1559, by a gas price, or nothing where gas is free.

use strongroom_kernel::ports::PortError;

use super::{chain::Chain, rpc::RpcError, transaction::Fees};

/// Which kind of transaction is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeKind {
    /// Whatever the newest block suggests: with a base fee, [`FeeKind::Dynamic`].
    Auto,
    /// A gas price; the only kind old and gas-free private chains know.
    Legacy,
    /// A base fee that is burnt and a tip (EIP-1559).
    Dynamic,
}

/// What may be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeePolicy {
    /// Which kind of transaction is sent.
    pub kind: FeeKind,
    /// A fixed gas price in wei, 0 where gas is free; asked of the node when unset. Makes transactions legacy ones.
    pub gas_price: Option<u128>,
    /// The most that is paid for a unit of gas, tip included, in wei.
    pub max_fee: u128,
}

/// What a node is paid that does not say what it would like.
const USUAL_TIP: u128 = 1_000_000_000;

impl FeePolicy {
    /// What a transaction should pay that shall be in one of the next blocks.
    pub(super) async fn suggest(&self, chain: &Chain) -> Result<Fees, PortError> {
        if let Some(gas_price) = self.gas_price {
            return Ok(Fees::Legacy { gas_price });
        }
        let base_fee = match self.kind {
            FeeKind::Legacy => None,
            FeeKind::Auto | FeeKind::Dynamic => chain.head().await?.base_fee(),
        };
        match (base_fee, self.kind) {
            (Some(base_fee), _) => {
                let tip = match chain.tip().await {
                    Ok(tip) => tip,
                    // the method is an addition of geth's that others have not all taken over
                    Err(RpcError::Node { .. }) => USUAL_TIP,
                    Err(error) => return Err(error.into()),
                };
                // twice the base fee holds for six full blocks in a row, each of which raises it by an eighth
                self.capped(base_fee, base_fee.saturating_mul(2).saturating_add(tip), tip)
            }
            (None, FeeKind::Dynamic) => {
                Err(PortError::refused("ask for fees: the chain has no base fee, use legacy transactions"))
            }
            (None, _) => {
                let gas_price = chain.gas_price().await?;
                if gas_price > self.max_fee {
                    return Err(self.over(gas_price));
                }
                Ok(Fees::Legacy { gas_price })
            }
        }
    }

    fn capped(&self, base_fee: u128, max_fee: u128, tip: u128) -> Result<Fees, PortError> {
        if base_fee.saturating_add(1) > self.max_fee && base_fee > 0 {
            return Err(self.over(base_fee));
        }
        let max_fee = max_fee.min(self.max_fee);
        Ok(Fees::Dynamic { max_fee, tip: tip.min(max_fee) })
    }

    fn over(&self, now: u128) -> PortError {
        let most = self.max_fee;
        PortError::unavailable(format!(
            "ask for fees: {now} wei are asked now, the most we may pay is {most}"
        ))
    }

    /// What a transaction must pay to take the place of one that paid `old`; `None` when we may not pay that.
    ///
    /// Nodes demand a tenth more of every figure (Besu: by configuration), so it is an eighth, and at least
    /// `suggested`.
    pub(super) fn raised(&self, old: Fees, suggested: Fees) -> Option<Fees> {
        let more = |fee: u128| fee.saturating_add(fee / 8).saturating_add(1);
        let raised = match (old, suggested) {
            _ if self.gas_price.is_some() => return None,
            (Fees::Legacy { gas_price }, Fees::Legacy { gas_price: suggested }) => {
                Fees::Legacy { gas_price: more(gas_price).max(suggested) }
            }
            (Fees::Legacy { gas_price }, Fees::Dynamic { max_fee, tip }) => {
                // a node compares both figures of the new one with the old one's gas price
                Fees::Dynamic { max_fee: more(gas_price).max(max_fee), tip: more(gas_price).max(tip) }
            }
            (Fees::Dynamic { max_fee, .. }, Fees::Legacy { gas_price }) => {
                Fees::Legacy { gas_price: more(max_fee).max(gas_price) }
            }
            (Fees::Dynamic { max_fee, tip }, Fees::Dynamic { max_fee: suggested, tip: suggested_tip }) => {
                let tip = more(tip).max(suggested_tip);
                Fees::Dynamic { max_fee: more(max_fee).max(suggested).max(tip), tip }
            }
        };
        (raised.most() <= self.max_fee).then_some(raised)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: FeePolicy = FeePolicy { kind: FeeKind::Auto, gas_price: None, max_fee: 1_000 };

    #[test]
    fn a_raise_is_more_than_a_tenth_of_every_figure() {
        let old = Fees::Dynamic { max_fee: 100, tip: 10 };
        let raised = POLICY.raised(old, Fees::Dynamic { max_fee: 50, tip: 1 });
        assert_eq!(raised, Some(Fees::Dynamic { max_fee: 113, tip: 12 }));
        let raised = POLICY.raised(old, Fees::Dynamic { max_fee: 500, tip: 30 });
        assert_eq!(raised, Some(Fees::Dynamic { max_fee: 500, tip: 30 }));
        let raised = POLICY.raised(Fees::Legacy { gas_price: 0 }, Fees::Legacy { gas_price: 0 });
        assert_eq!(raised, Some(Fees::Legacy { gas_price: 1 }));
    }

    #[test]
    fn nothing_is_raised_over_the_cap_or_where_the_price_is_fixed() {
        let old = Fees::Legacy { gas_price: 999 };
        assert_eq!(POLICY.raised(old, old), None);
        let fixed = FeePolicy { gas_price: Some(0), ..POLICY };
        assert_eq!(fixed.raised(Fees::Legacy { gas_price: 0 }, Fees::Legacy { gas_price: 0 }), None);
    }

    #[test]
    fn a_suggestion_stays_below_the_cap() {
        assert_eq!(POLICY.capped(400, 900, 100).unwrap(), Fees::Dynamic { max_fee: 900, tip: 100 });
        assert_eq!(POLICY.capped(700, 1_500, 100).unwrap(), Fees::Dynamic { max_fee: 1_000, tip: 100 });
        assert!(POLICY.capped(1_000, 2_100, 100).is_err());
        assert_eq!(POLICY.capped(0, 0, 0).unwrap(), Fees::Dynamic { max_fee: 0, tip: 0 });
    }
}
