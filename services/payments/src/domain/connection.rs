//! Accounts of a practice's own at the processor: where they stand, and on which its payments are made.

use ids::ConnectionId;
use jiff::Timestamp;

/// What the processor lets an account do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// It takes charges.
    pub charges_enabled: bool,
    /// It pays out.
    pub payouts_enabled: bool,
    /// Its owner has answered what the processor asks at first.
    pub details_submitted: bool,
    /// What the processor wants to know, in its own words.
    pub requirements_due: Vec<String>,
    /// Why something is disabled, in the processor's word; empty when nothing is.
    pub disabled_reason: String,
}

/// An account of the practice's own, from the wish for it to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id here.
    pub connection: ConnectionId,
    /// `acct_…`, once the processor has answered.
    pub account: Option<String>,
    /// As far as we heard.
    pub standing: Standing,
    /// When it took charges for the first time.
    pub enable_time: Option<Timestamp>,
    /// When we heard that its owner took our access away.
    pub disconnect_time: Option<Timestamp>,
    /// When it was asked for.
    pub create_time: Timestamp,
}

/// Where an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It has never taken charges.
    Onboarding,
    /// It takes charges.
    Active,
    /// It took charges and takes none now.
    Restricted,
    /// Its owner has taken our access away.
    Disconnected,
}

/// Why there is no account to charge on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// The installation demands an account of the practice's own, and there is none.
    NotConnected,
    /// The processor takes no charges for it; its word for why.
    ChargesNotEnabled(Option<String>),
    /// The owner has taken our access to it away.
    Disconnected,
}

/// All accounts that a practice ever had, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connections(pub Vec<Connection>);

impl Connection {
    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> ConnectionState {
        match (self.disconnect_time, self.enable_time) {
            (Some(_), _) => ConnectionState::Disconnected,
            (None, None) => ConnectionState::Onboarding,
            (None, Some(_)) if self.standing.charges_enabled => ConnectionState::Active,
            (None, Some(_)) => ConnectionState::Restricted,
        }
    }

    /// What the processor says now, heard at `now`. One that was taken away stays so.
    #[must_use]
    pub fn told(&self, standing: Standing, now: Timestamp) -> Self {
        if self.disconnect_time.is_some() {
            return self.clone();
        }
        let first = standing.charges_enabled.then_some(now);
        Self {
            enable_time: self.enable_time.or(first),
            standing,
            ..self.clone()
        }
    }

    /// Its owner took our access away.
    #[must_use]
    pub fn taken_away(&self, now: Timestamp) -> Self {
        let standing = Standing {
            charges_enabled: false,
            payouts_enabled: false,
            ..self.standing.clone()
        };
        Self {
            disconnect_time: self.disconnect_time.or(Some(now)),
            standing,
            ..self.clone()
        }
    }
}

impl Connections {
    /// The one that is connected, or that the practice is connecting.
    #[must_use]
    pub fn live(&self) -> Option<&Connection> {
        self.0.iter().find(|it| it.disconnect_time.is_none())
    }

    /// The one on which payments are made, as long as they can be: the last that took charges for the first time.
    #[must_use]
    pub fn in_use(&self) -> Option<&Connection> {
        let enabled = self.0.iter().filter(|it| it.enable_time.is_some());
        enabled.max_by_key(|it| it.enable_time)
    }

    /// The one that is this account, `acct_…`.
    #[must_use]
    pub fn of(&self, account: &str) -> Option<&Connection> {
        self.0
            .iter()
            .find(|it| it.account.as_deref() == Some(account))
    }

    /// Whether this account was the practice's and was taken away.
    #[must_use]
    pub fn was_taken_away(&self, account: Option<&str>) -> bool {
        account
            .and_then(|account| self.of(account))
            .is_some_and(|it| it.disconnect_time.is_some())
    }

    /// The account on which a new payment is made; none is the installation's. A practice that has once used its own never
    /// goes back to the installation's by itself: its money would go to somebody else. With `own_required` the
    /// installation's is nobody's.
    ///
    /// # Errors
    /// There is none that takes charges.
    pub fn account_of_now(&self, own_required: bool) -> Result<Option<&str>, NotReady> {
        match self.in_use() {
            Some(used) => match used.state() {
                ConnectionState::Active => Ok(used.account.as_deref()),
                ConnectionState::Disconnected => Err(NotReady::Disconnected),
                ConnectionState::Restricted | ConnectionState::Onboarding => Err(disabled(used)),
            },
            None if !own_required => Ok(None),
            None => Err(self.live().map_or(NotReady::NotConnected, disabled)),
        }
    }
}

fn disabled(connection: &Connection) -> NotReady {
    let why = &connection.standing.disabled_reason;
    NotReady::ChargesNotEnabled((!why.is_empty()).then(|| why.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn connection(account: &str) -> Connection {
        Connection {
            connection: ConnectionId::from(uuid::Uuid::from_u128(1)),
            account: Some(account.to_owned()),
            standing: Standing::default(),
            enable_time: None,
            disconnect_time: None,
            create_time: Timestamp::UNIX_EPOCH,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("an instant")
    }

    fn takes_charges(charges_enabled: bool) -> Standing {
        Standing {
            charges_enabled,
            disabled_reason: if charges_enabled { "" } else { "under_review" }.to_owned(),
            ..Standing::default()
        }
    }

    #[test]
    fn r30_the_installations_account_is_used_until_the_own_one_takes_charges() {
        let none = Connections::default();
        assert_eq!(none.account_of_now(false), Ok(None));
        assert_eq!(none.account_of_now(true), Err(NotReady::NotConnected));
        let begun = connection("acct_1").told(takes_charges(false), at(1));
        let begun_only = Connections(vec![begun.clone()]);
        assert_eq!(begun_only.account_of_now(false), Ok(None));
        let why = NotReady::ChargesNotEnabled(Some("under_review".to_owned()));
        assert_eq!(begun_only.account_of_now(true), Err(why));
        let enabled = Connections(vec![begun.told(takes_charges(true), at(2))]);
        for own_required in [false, true] {
            assert_eq!(enabled.account_of_now(own_required), Ok(Some("acct_1")));
        }
    }

    #[test]
    fn r30_a_new_account_takes_the_place_of_one_that_was_taken_away() {
        let gone = connection("acct_1").told(takes_charges(true), at(1));
        let gone = gone.taken_away(at(2));
        assert_eq!(gone.told(takes_charges(true), at(3)), gone);
        let next = connection("acct_2");
        let both = Connections(vec![gone.clone(), next.clone()]);
        assert_eq!(both.account_of_now(false), Err(NotReady::Disconnected));
        assert!(both.was_taken_away(Some("acct_1")) && !both.was_taken_away(None));
        let next = next.told(takes_charges(true), at(4));
        let both = Connections(vec![gone, next]);
        assert_eq!(both.account_of_now(false), Ok(Some("acct_2")));
    }

    proptest! {
        /// Whatever is heard in whatever order: a practice that has once charged on its own account never charges on the
        /// installation's again, and nothing is charged on an account that takes none.
        #[test]
        fn r30_payments_never_fall_back_to_the_installations_account(
            heard in proptest::collection::vec((0_usize..3, 0_u8..3), 1..30),
            own_required: bool,
        ) {
            let mut all = Connections(["acct_0", "acct_1", "acct_2"].map(connection).to_vec());
            let mut own = false;
            for (second, (which, what)) in (1_i64..).zip(heard) {
                let it = all.0[which].clone();
                all.0[which] = match what {
                    0 => it.told(takes_charges(true), at(second)),
                    1 => it.told(takes_charges(false), at(second)),
                    _taken_away => it.taken_away(at(second)),
                };
                match all.account_of_now(own_required) {
                    Ok(Some(account)) => {
                        own = true;
                        let state = all.of(account).map(Connection::state);
                        prop_assert_eq!(state, Some(ConnectionState::Active));
                    }
                    Ok(None) => prop_assert!(!own && !own_required),
                    Err(_) => {}
                }
            }
        }
    }
}
