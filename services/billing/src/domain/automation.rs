//! What billing automation leaves out, and how the work of a run is cut into transactions and bills.

use ids::{ClientId, SessionId};
use jiff::civil::Date;

/// Why an unbilled session is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// The client's sessions are billed by hand.
    ByHand,
    /// The client's sessions are billed once a month, on another day.
    NotToday,
    /// It was rendered before automation was to begin.
    BeforeStart,
    /// Its bill could not be made.
    Failed,
}

impl SkipReason {
    /// As the database keeps it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::NotToday => "not_today",
            Self::BeforeStart => "before_start",
            Self::Failed => "failed",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [
            Self::ByHand,
            Self::NotToday,
            Self::BeforeStart,
            Self::Failed,
        ]
        .into_iter()
        .find(|reason| reason.name() == name)
    }
}

/// Where a pending session stands in the order in which runs bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Whose.
    pub client: ClientId,
    /// Local day.
    pub service_date: Date,
    /// Which.
    pub session: SessionId,
}

/// How many of these sessions, in order, are one piece of work: at most so many clients, each whole. `full` says that
/// more may follow; then the last client may go on, and waits for the next piece unless it fills this one alone.
#[must_use]
pub fn piece(sessions: &[Position], full: bool, clients_max: usize) -> usize {
    let starts: Vec<usize> = (0..sessions.len())
        .filter(|at| *at == 0 || sessions[*at].client != sessions[at - 1].client)
        .collect();
    let whole = match starts.as_slice() {
        [_, .., last] if full => *last,
        _all => sessions.len(),
    };
    starts
        .get(clients_max)
        .map_or(whole, |next| whole.min(*next))
}

/// Cuts what a client is billed for into bills: each has at most so many sessions and, beside a first session of more, so
/// many lines. The order stays.
#[must_use]
pub fn bills<T>(
    sessions: &[T],
    lines: impl Fn(&T) -> usize,
    (sessions_max, lines_max): (usize, usize),
) -> Vec<&[T]> {
    let (mut bills, mut rest) = (Vec::new(), sessions);
    while !rest.is_empty() {
        let mut taken = 0;
        let fits = |session: &&T| {
            taken += lines(session);
            taken <= lines_max
        };
        let count = rest.iter().take(sessions_max).take_while(fits).count();
        let (bill, others) = rest.split_at(count.max(1));
        bills.push(bill);
        rest = others;
    }
    bills
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    /// Sessions of clients with so many each.
    fn of_clients(counts: &[usize]) -> Vec<Position> {
        let clients = (1..).zip(counts);
        let sessions = clients.flat_map(|(client, count)| {
            (0..*count).map(move |session| Position {
                client: ClientId::from(Uuid::from_u128(client)),
                service_date: Date::constant(2026, 3, 2),
                session: SessionId::from(Uuid::from_u128(session as u128)),
            })
        });
        sessions.collect()
    }

    #[test]
    fn a_client_that_may_go_on_waits_unless_it_fills_the_piece() {
        assert_eq!(piece(&of_clients(&[2, 3]), false, 50), 5);
        assert_eq!(piece(&of_clients(&[2, 3]), true, 50), 2);
        assert_eq!(piece(&of_clients(&[5]), true, 50), 5);
        assert_eq!(piece(&of_clients(&[1, 1, 2]), false, 2), 2);
        assert_eq!(piece(&[], false, 50), 0);
    }

    #[test]
    fn a_bill_ends_where_its_sessions_or_its_lines_do() {
        let lines = [1, 1, 3, 1, 9, 1];
        let bills = bills(&lines, |lines| *lines, (3, 5));
        assert_eq!(bills, [&[1, 1, 3][..], &[1], &[9], &[1]]);
    }

    proptest! {
        #[test]
        fn pieces_have_every_session_once_and_clients_that_fit_whole(
            counts in prop::collection::vec(1_usize..12, 0..20), limit in 12_usize..20, clients_max in 1_usize..6,
        ) {
            let all = of_clients(&counts);
            let (mut done, mut pieces) = (0, Vec::new());
            while done < all.len() {
                let listed = &all[done..all.len().min(done + limit)];
                let count = piece(listed, listed.len() == limit, clients_max);
                prop_assert!(count > 0);
                pieces.push(&listed[..count]);
                done += count;
            }
            prop_assert_eq!(&pieces.concat(), &all);
            // No client has as many sessions as a piece: each is in one alone.
            for pair in pieces.windows(2) {
                let [before, after] = pair else { continue };
                prop_assert_ne!(before.last().map(|last| last.client), after.first().map(|first| first.client));
            }
        }

        #[test]
        fn bills_have_every_session_once_and_keep_their_limits(
            lines in prop::collection::vec(1_usize..60, 0..80), sessions_max in 1_usize..20, lines_max in 1_usize..200,
        ) {
            let bills = bills(&lines, |lines| *lines, (sessions_max, lines_max));
            prop_assert_eq!(&bills.concat(), &lines);
            for bill in bills {
                prop_assert!(bill.len() <= sessions_max);
                prop_assert!(bill.len() == 1 || bill.iter().sum::<usize>() <= lines_max);
            }
        }
    }
}
