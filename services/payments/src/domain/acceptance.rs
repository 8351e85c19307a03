//! That a payer agreed to be debited. The processor asks for it with a bank account that is not on file; one that is was
//! agreed to when it came there. What a new method is, the processor tells with the outcome: until then it is kept of every
//! new one and told with each confirmation, and afterwards only of what was a debit.

use super::payment::PaymentKind;
use jiff::Timestamp;

/// When and how a payer agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// When.
    pub time: Timestamp,
    /// Where they were; none when they told somebody of the practice, who entered it.
    pub online: Option<Online>,
}

/// Where somebody agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Online {
    /// An IP address, as the gateway says.
    pub address: String,
    /// The program, as it names itself; not empty.
    pub user_agent: String,
}

impl Acceptance {
    /// Of a payer, who is at a browser; none when that does not show itself. Nobody else's word counts for theirs.
    #[must_use]
    pub fn of_payer(time: Timestamp, address: Option<String>, user_agent: &str) -> Option<Self> {
        let user_agent = user_agent.trim();
        let address = address.filter(|_| !user_agent.is_empty())?;
        let online = Some(Online {
            address,
            user_agent: user_agent.to_owned(),
        });
        Some(Self { time, online })
    }

    /// Of a payer who told somebody of the practice.
    #[must_use]
    pub const fn told_to_staff(time: Timestamp) -> Self {
        Self { time, online: None }
    }
}

/// Whether it is kept of a payment that has ended, and was made by such means: a bank may ask for it for years. Of a card
/// nobody does.
#[must_use]
pub fn is_kept_of(kind: PaymentKind) -> bool {
    kind == PaymentKind::BankDebit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payer_who_does_not_show_where_they_are_has_agreed_to_no_debit() {
        let time = Timestamp::UNIX_EPOCH;
        let address = || Some("192.0.2.7".to_owned());
        assert_eq!(Acceptance::of_payer(time, None, "Browser/1"), None);
        assert_eq!(Acceptance::of_payer(time, address(), " "), None);
        let agreed = Acceptance::of_payer(time, address(), "Browser/1").expect("agreed");
        assert!(agreed.online.is_some());
        assert_eq!(Acceptance::told_to_staff(time).online, None);
    }
}
