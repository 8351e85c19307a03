//! What bills, adjustments, payments and credit come to, in a few lines: the model that `histories` holds the service to.

use proptest::prelude::*;

/// What the client and what insurance owes of a session.
pub type Shares = (i64, i64);

/// What somebody does; bills are named by their place, sessions by that of the pair they were recorded in, lines by a
/// number that is taken modulo the bill's.
#[derive(Clone, Debug)]
pub enum Act {
    /// A bill of something sold.
    Sell(i64),
    /// Two new sessions, the first of which may be waived, and a bill of them.
    Bill([Shares; 2], bool),
    /// A new bill of sessions that were recorded before.
    BillAgain(usize, [Shares; 2]),
    EditToSell(usize, i64),
    /// With the sessions that the bill was issued with.
    EditSessions(usize, [Shares; 2]),
    Pay(usize, i64),
    PayOnAccount(i64),
    ApplyCredit(usize, i64),
    Adjust(usize, i64),
    AdjustLine(usize, usize, i64),
    WaiveLine(usize, usize),
    Reverse(usize),
    Cancel(usize),
}

#[derive(Clone, Debug)]
pub struct ModelLine {
    /// Two to a pair.
    pub session: Option<usize>,
    client: i64,
    insurance: i64,
}

/// What was taken off and counts.
#[derive(Clone, Debug)]
pub struct Taken {
    pub line: Option<usize>,
    pub amount: i64,
    waiver: bool,
}

#[derive(Clone, Debug, Default)]
pub struct ModelBill {
    pair: Option<usize>,
    pub lines: Vec<ModelLine>,
    /// Oldest first.
    pub taken: Vec<Taken>,
    pub paid: i64,
    pub cancelled: bool,
}

impl ModelBill {
    pub fn balance(&self) -> i64 {
        if self.cancelled {
            return 0;
        }
        let client: i64 = self.lines.iter().map(|line| line.client).sum();
        client - self.all_taken() - self.paid
    }

    pub fn insurance_balance(&self) -> i64 {
        if self.cancelled {
            return 0;
        }
        self.lines.iter().map(|line| line.insurance).sum()
    }

    pub fn all_taken(&self) -> i64 {
        self.taken.iter().map(|taken| taken.amount).sum()
    }

    pub fn taken_off(&self, line: usize) -> i64 {
        let taken = self.taken.iter().filter(|taken| taken.line == Some(line));
        taken.map(|taken| taken.amount).sum()
    }

    fn left_of(&self, line: usize) -> i64 {
        self.lines[line].client - self.taken_off(line)
    }

    fn can_change(&self) -> bool {
        !self.cancelled && self.paid == 0
    }

    /// Whether the client was to pay for a session, all or a part of it.
    fn charges(&self, session: usize) -> bool {
        let mut lines = self.lines.iter().enumerate();
        lines.any(|(at, line)| {
            let waivers = self.taken.iter().filter(|taken| taken.waiver);
            let waivers = waivers.filter(|taken| taken.line == Some(at));
            let waived: i64 = waivers.map(|taken| taken.amount).sum();
            line.session == Some(session) && line.client > 0 && waived != line.client
        })
    }

    fn take(&mut self, line: Option<usize>, amount: i64, waiver: bool) -> bool {
        let left = line.map_or(amount, |line| self.left_of(line));
        let fits = !self.cancelled && amount > 0 && amount <= left && amount <= self.balance();
        if fits {
            self.taken.push(Taken {
                line,
                amount,
                waiver,
            });
        }
        fits
    }
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub bills: Vec<ModelBill>,
    /// Of each pair of sessions, whether the first is waived.
    pub pairs: Vec<bool>,
    pub credit: i64,
    /// Whether the last act was to go through.
    pub accepted: bool,
}

impl Model {
    pub fn is_billed(&self, session: usize) -> bool {
        self.is_on_another(session, None)
    }

    fn is_on_another(&self, session: usize, than: Option<usize>) -> bool {
        let bills = self.bills.iter().enumerate();
        let mut others = bills.filter(|(at, bill)| !bill.cancelled && Some(*at) != than);
        others.any(|(_, bill)| bill.lines.iter().any(|line| line.session == Some(session)))
    }

    /// Both sessions are on no bill but this.
    fn is_free(&self, pair: usize, but: Option<usize>) -> bool {
        let mut sessions = [2 * pair, 2 * pair + 1].into_iter();
        !sessions.any(|session| self.is_on_another(session, but))
    }

    /// What a bill says of two sessions; who was waived before pays nothing, unless the bill before charged for it.
    fn billed(&self, pair: usize, shares: [Shares; 2], before: &ModelBill) -> ModelBill {
        let mut bill = ModelBill {
            pair: Some(pair),
            ..ModelBill::default()
        };
        for (nth, (client, insurance)) in shares.into_iter().enumerate() {
            bill.lines.push(ModelLine {
                session: Some(2 * pair + nth),
                client,
                insurance,
            });
        }
        if self.pairs[pair] && !before.charges(2 * pair) {
            bill.take(Some(0), shares[0].0, true);
        }
        bill
    }

    fn bill(&mut self, pair: usize, shares: [Shares; 2]) {
        let bill = self.billed(pair, shares, &ModelBill::default());
        self.bills.push(bill);
    }

    /// False when it is to be refused.
    pub fn apply(&mut self, act: &Act) -> bool {
        match *act {
            Act::Sell(price) => self.bills.push(sold(None, price)),
            Act::Bill(shares, waived) => {
                self.pairs.push(waived);
                self.bill(self.pairs.len() - 1, shares);
            }
            Act::BillAgain(pair, shares) => {
                if !self.is_free(pair, None) {
                    return false;
                }
                self.bill(pair, shares);
            }
            Act::PayOnAccount(amount) => self.credit += amount,
            Act::Pay(at, amount) => {
                let bill = &mut self.bills[at];
                let placed = amount.min(bill.balance());
                bill.paid += placed;
                self.credit += amount - placed;
            }
            Act::ApplyCredit(at, amount) => {
                let bill = &mut self.bills[at];
                if bill.cancelled || amount > self.credit || amount > bill.balance() {
                    return false;
                }
                bill.paid += amount;
                self.credit -= amount;
            }
            Act::EditToSell(at, price) => {
                let bill = &mut self.bills[at];
                if !bill.can_change() {
                    return false;
                }
                *bill = sold(bill.pair, price);
            }
            Act::EditSessions(at, shares) => {
                let bill = &self.bills[at];
                let pair = bill.pair.expect("of sessions");
                if !bill.can_change() || !self.is_free(pair, Some(at)) {
                    return false;
                }
                self.bills[at] = self.billed(pair, shares, bill);
            }
            Act::Adjust(at, amount) => return self.bills[at].take(None, amount, false),
            Act::AdjustLine(at, line, amount) => {
                let bill = &mut self.bills[at];
                let line = line % bill.lines.len();
                return bill.take(Some(line), amount, false);
            }
            Act::WaiveLine(at, line) => {
                let bill = &mut self.bills[at];
                let line = line % bill.lines.len();
                let all = bill.left_of(line).min(bill.balance());
                return bill.take(Some(line), all, true);
            }
            Act::Reverse(at) => {
                let bill = &mut self.bills[at];
                return !bill.cancelled && bill.taken.pop().is_some();
            }
            Act::Cancel(at) => {
                let bill = &mut self.bills[at];
                if !bill.can_change() {
                    return false;
                }
                bill.cancelled = true;
                bill.taken.clear();
            }
        }
        true
    }

    /// Whether the act names only what there is.
    pub fn has(&self, act: &Act) -> bool {
        match act {
            Act::Sell(_) | Act::Bill(..) | Act::PayOnAccount(_) => true,
            Act::BillAgain(pair, _) => *pair < self.pairs.len(),
            Act::EditSessions(at, _) => self.bills.get(*at).is_some_and(|bill| bill.pair.is_some()),
            Act::EditToSell(at, _)
            | Act::Pay(at, _)
            | Act::ApplyCredit(at, _)
            | Act::Adjust(at, _)
            | Act::AdjustLine(at, ..)
            | Act::WaiveLine(at, _)
            | Act::Reverse(at)
            | Act::Cancel(at) => *at < self.bills.len(),
        }
    }
}

fn sold(pair: Option<usize>, price: i64) -> ModelBill {
    ModelBill {
        pair,
        lines: vec![ModelLine {
            session: None,
            client: price,
            insurance: 0,
        }],
        ..ModelBill::default()
    }
}

fn shares() -> impl Strategy<Value = [Shares; 2]> {
    let of_session = prop_oneof![(1_i64..12_000, Just(0_i64)), (0_i64..6_000, 1_i64..9_000),];
    [of_session.clone(), of_session]
}

/// Any act on what there is.
pub fn acts(model: &Model) -> BoxedStrategy<Act> {
    let amount = || 1_i64..20_000;
    let sell = amount().prop_map(Act::Sell);
    let issue = (shares(), any::<bool>()).prop_map(|(shares, waived)| Act::Bill(shares, waived));
    let account = amount().prop_map(Act::PayOnAccount);
    if model.bills.is_empty() {
        return prop_oneof![2 => sell, 4 => issue, 1 => account].boxed();
    }
    let bill = 0..model.bills.len();
    let some = || (bill.clone(), amount());
    let line = || (bill.clone(), 0..2_usize);
    let mut acts = vec![
        (1, sell.boxed()),
        (3, issue.boxed()),
        (1, account.boxed()),
        (
            1,
            some()
                .prop_map(|(at, price)| Act::EditToSell(at, price))
                .boxed(),
        ),
        (
            4,
            some().prop_map(|(at, amount)| Act::Pay(at, amount)).boxed(),
        ),
        (
            2,
            some()
                .prop_map(|(at, amount)| Act::ApplyCredit(at, amount))
                .boxed(),
        ),
        (
            2,
            some()
                .prop_map(|(at, amount)| Act::Adjust(at, amount))
                .boxed(),
        ),
        (
            3,
            (line(), 1_i64..8_000)
                .prop_map(|((at, line), amount)| Act::AdjustLine(at, line, amount))
                .boxed(),
        ),
        (
            2,
            line()
                .prop_map(|(at, line)| Act::WaiveLine(at, line))
                .boxed(),
        ),
        (2, bill.clone().prop_map(Act::Reverse).boxed()),
        (2, bill.clone().prop_map(Act::Cancel).boxed()),
    ];
    if !model.pairs.is_empty() {
        let again = (0..model.pairs.len(), shares());
        let again = again.prop_map(|(pair, shares)| Act::BillAgain(pair, shares));
        acts.push((2, again.boxed()));
        let of_sessions: Vec<usize> = bill.filter(|at| model.bills[*at].pair.is_some()).collect();
        let edit = (prop::sample::select(of_sessions), shares());
        let edit = edit.prop_map(|(at, shares)| Act::EditSessions(at, shares));
        acts.push((3, edit.boxed()));
    }
    prop::strategy::Union::new_weighted(acts).boxed()
}
