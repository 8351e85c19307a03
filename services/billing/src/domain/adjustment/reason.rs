//! Why something is adjusted.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $text:literal;)+) => {
        /// Why something was adjusted, for reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum AdjustmentReason {
            $($(#[$doc])* $name,)+
        }

        impl AdjustmentReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As the database keeps it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The reason of that name.
            #[must_use]
            pub fn of(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.name() == name)
            }
        }
    };
}

reasons! {
    /// A kindness of the practice.
    Courtesy "courtesy";
    /// The client cannot afford it.
    FinancialHardship "financial_hardship";
    /// Paid at once.
    PromptPay "prompt_pay";
    /// A referral's reward.
    Referral "referral";
    /// The practice made something good.
    ServiceRecovery "service_recovery";
    /// The appointment was missed for a good reason.
    ExcusedAbsence "excused_absence";
    /// Too little to collect.
    SmallBalance "small_balance";
    /// It was tried, in vain.
    Uncollectible "uncollectible";
    /// The bill was wrong.
    BillingCorrection "billing_correction";
    /// The text says it.
    Other "other";
}

/// That the client need not pay, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// For reports.
    pub reason: AdjustmentReason,
    /// For the client; may be empty.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_by_its_name() {
        for reason in AdjustmentReason::ALL {
            assert_eq!(AdjustmentReason::of(reason.name()), Some(*reason));
        }
        assert_eq!(AdjustmentReason::of("whim"), None);
    }
}
