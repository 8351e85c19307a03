//! Random acts against the real service and a model of a few lines, which have to agree on every amount after each.

use crate::app::{TestApp, minor, usd};
use crate::history_model::{Act, Model, ModelBill, Shares, acts};
use ids::SessionId;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use proto::billing::v1::reduction::Extent;
use proto::billing::v1::{
    AdjustBillRequest, AdjustmentKind, AdjustmentReason, ApplyCreditRequest, Bill, BillContent,
    BillStatus, CancelBillRequest, EditBillRequest, GetSuperbillRequest, IssueBillRequest,
    LineTerms, ProductLine, Reduction, SessionToBill, WaiveSessionRequest,
};
use std::collections::BTreeSet;
use testkit::request_id;
use tokio::runtime::Runtime;
use tonic::Status;

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Model;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Act> {
        acts(model)
    }

    fn apply(mut model: Model, act: &Act) -> Model {
        model.accepted = model.apply(act);
        model
    }

    fn preconditions(model: &Model, act: &Act) -> bool {
        model.has(act)
    }
}

/// Everything that was made, in the model's places.
struct Real {
    runtime: Runtime,
    app: TestApp,
    bills: Vec<Bill>,
    /// Two to a pair.
    sessions: Vec<SessionId>,
    /// Of each bill, where the sessions are that it was issued with.
    pairs: Vec<Option<usize>>,
}

fn workbook(price: i64) -> BillContent {
    let product = ProductLine {
        name: "Workbook".to_owned(),
        price: Some(usd(price)),
    };
    BillContent {
        products: vec![product],
        ..BillContent::default()
    }
}

fn taken(kind: AdjustmentKind, line: usize, extent: Extent) -> Reduction {
    Reduction {
        kind: kind.into(),
        reason: AdjustmentReason::SmallBalance.into(),
        line_number: i32::try_from(line).expect("few lines"),
        extent: Some(extent),
        ..Reduction::default()
    }
}

impl Real {
    /// Two sessions with these shares.
    fn content(&self, pair: usize, shares: [Shares; 2]) -> BillContent {
        let session = |(nth, (client, insurance)): (usize, Shares)| SessionToBill {
            session_id: self.sessions[2 * pair + nth].to_string(),
            line_terms: vec![LineTerms {
                line_number: 1,
                price: Some(usd(client + insurance)),
                insurance_share: Some(usd(insurance)),
                ..LineTerms::default()
            }],
            client_part: None,
        };
        let insured = shares.iter().any(|(_, insurance)| *insurance > 0);
        BillContent {
            sessions: shares.into_iter().enumerate().map(session).collect(),
            policy_id: if insured {
                self.app.policy.to_string()
            } else {
                String::new()
            },
            ..BillContent::default()
        }
    }

    async fn record(&mut self, shares: [Shares; 2], waived: bool) {
        let app = &self.app;
        for (client, insurance) in shares {
            let price = client + insurance;
            let session = app.session(app.practice, app.client, price).await;
            self.sessions.push(session);
        }
        if waived {
            let first = self.sessions[self.sessions.len() - 2];
            let request = WaiveSessionRequest {
                practice_id: app.practice.to_string(),
                request_id: request_id(),
                session_id: first.to_string(),
                reason: AdjustmentReason::Courtesy.into(),
                client_text: String::new(),
            };
            app.sessions().waive_session(request).await.expect("waived");
        }
    }

    async fn issue(&mut self, content: BillContent, pair: Option<usize>) -> Result<(), Status> {
        let request = IssueBillRequest {
            practice_id: self.app.practice.to_string(),
            request_id: request_id(),
            client_id: self.app.client.to_string(),
            sessions: content.sessions,
            products: content.products,
            policy_id: content.policy_id,
            ..IssueBillRequest::default()
        };
        let issued = self.app.bills().issue_bill(request).await?.into_inner();
        self.bills.push(issued.bill.expect("a bill"));
        self.pairs.push(pair);
        Ok(())
    }

    async fn edit(&self, at: usize, content: BillContent) -> Result<(), Status> {
        let request = EditBillRequest {
            content: Some(content),
            ..self.app.edit_request(&self.bill(at).await)
        };
        self.app.edit(request).await.map(drop)
    }

    async fn bill(&self, at: usize) -> Bill {
        self.app.bill(&self.bills[at]).await
    }

    async fn adjust(&self, at: usize, reduction: Reduction) -> Result<(), Status> {
        let request = AdjustBillRequest {
            practice_id: self.app.practice.to_string(),
            request_id: request_id(),
            bill_id: self.bills[at].bill_id.clone(),
            reduction: Some(reduction),
        };
        self.app.bills().adjust_bill(request).await.map(drop)
    }

    async fn apply_credit(&self, at: usize, amount: i64) -> Result<(), Status> {
        let request = ApplyCreditRequest {
            practice_id: self.app.practice.to_string(),
            request_id: request_id(),
            bill_id: self.bills[at].bill_id.clone(),
            amount: Some(usd(amount)),
        };
        self.app.ledger().apply_credit(request).await.map(drop)
    }

    async fn reverse_last(&self, at: usize) -> Result<(), Status> {
        let bill = self.bill(at).await;
        let Some(last) = bill.adjustments.len().checked_sub(1) else {
            return Err(Status::failed_precondition("nothing to reverse"));
        };
        self.app.reverse(&bill, last).await.map(drop)
    }

    async fn cancel(&self, at: usize) -> Result<(), Status> {
        let request = CancelBillRequest {
            practice_id: self.app.practice.to_string(),
            request_id: request_id(),
            bill_id: self.bills[at].bill_id.clone(),
            reason: String::new(),
        };
        self.app.bills().cancel_bill(request).await.map(drop)
    }

    /// The number of the line that the model means.
    async fn line(&self, at: usize, line: usize) -> usize {
        line % self.bill(at).await.lines.len() + 1
    }

    /// Does it through the API.
    async fn act(&mut self, act: Act) -> Result<(), Status> {
        match act {
            Act::Sell(price) => self.issue(workbook(price), None).await,
            Act::Bill(shares, waived) => {
                self.record(shares, waived).await;
                let pair = self.sessions.len() / 2 - 1;
                self.issue(self.content(pair, shares), Some(pair)).await
            }
            Act::BillAgain(pair, shares) => {
                self.issue(self.content(pair, shares), Some(pair)).await
            }
            Act::EditToSell(at, price) => self.edit(at, workbook(price)).await,
            Act::EditSessions(at, shares) => {
                let pair = self.pairs[at].expect("of sessions");
                self.edit(at, self.content(pair, shares)).await
            }
            Act::PayOnAccount(amount) => {
                self.app.post(&self.app.payment(amount, &[])).await;
                Ok(())
            }
            Act::Pay(at, amount) => {
                let wanted = [(&self.bills[at], amount)];
                self.app.post(&self.app.payment(amount, &wanted)).await;
                Ok(())
            }
            Act::ApplyCredit(at, amount) => self.apply_credit(at, amount).await,
            Act::Adjust(at, amount) => {
                let off = taken(AdjustmentKind::WriteOff, 0, Extent::Amount(usd(amount)));
                self.adjust(at, off).await
            }
            Act::AdjustLine(at, line, amount) => {
                let line = self.line(at, line).await;
                let off = taken(AdjustmentKind::Discount, line, Extent::Amount(usd(amount)));
                self.adjust(at, off).await
            }
            Act::WaiveLine(at, line) => {
                let line = self.line(at, line).await;
                let waiver = taken(AdjustmentKind::Waiver, line, Extent::Whole(true));
                self.adjust(at, waiver).await
            }
            Act::Reverse(at) => self.reverse_last(at).await,
            Act::Cancel(at) => self.cancel(at).await,
        }
    }

    async fn agrees(&self, model: &Model) {
        for (bill, expected) in self.bills.iter().zip(&model.bills) {
            let bill = self.app.bill(bill).await;
            let balances = (expected.balance(), expected.insurance_balance());
            assert_eq!(minor(&bill.client_balance), balances.0, "{bill:?}");
            assert_eq!(minor(&bill.insurance_balance), balances.1, "{bill:?}");
            let status = match (expected.cancelled, balances) {
                (true, _) => BillStatus::Cancelled,
                (false, (0, 0)) => BillStatus::Paid,
                (false, _) => BillStatus::Open,
            };
            assert_eq!(bill.status(), status, "{bill:?}");
        }
        let balance = self.app.balance().await;
        assert_eq!(minor(&balance.credit), model.credit);
        let owed: i64 = model.bills.iter().map(ModelBill::balance).sum();
        assert_eq!(minor(&balance.owed), owed);

        let pending = self.app.pending().await.sessions.into_iter();
        let pending: BTreeSet<_> = pending.map(|session| session.session_id).collect();
        let sessions = self.sessions.iter().enumerate();
        let free = sessions.filter(|(at, _)| !model.is_billed(*at));
        let free: BTreeSet<_> = free.map(|(_, session)| session.to_string()).collect();
        assert_eq!(pending, free, "what is on no bill is pending");
    }

    /// The superbill of each bill: all that was paid and taken off is there, and of each line at least its own.
    async fn superbills_agree(&self, model: &Model) {
        for (bill, expected) in self.bills.iter().zip(&model.bills) {
            if expected.cancelled || expected.lines.iter().any(|line| line.session.is_none()) {
                continue;
            }
            let request = GetSuperbillRequest {
                practice_id: self.app.practice.to_string(),
                client_id: self.app.client.to_string(),
                bill_id: bill.bill_id.clone(),
                from_date: None,
                to_date: None,
            };
            let read = self.app.documents().get_superbill(request).await;
            let document = read.expect("read").into_inner().document;
            let lines = document.expect("a document").lines;
            let paid: i64 = lines.iter().map(|line| minor(&line.client_paid)).sum();
            let adjusted: i64 = lines.iter().map(|line| minor(&line.adjusted)).sum();
            assert_eq!((paid, adjusted), (expected.paid, expected.all_taken()));
            for (at, line) in lines.iter().enumerate() {
                let own = expected.taken_off(at);
                assert!(minor(&line.adjusted) >= own, "{own} of {line:?}");
            }
        }
    }
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Real;
    type Reference = Self;

    fn init_test(_: &Model) -> Real {
        let runtime = Runtime::new().expect("a runtime");
        let app = runtime.block_on(TestApp::start());
        Real {
            runtime,
            app,
            bills: Vec::new(),
            sessions: Vec::new(),
            pairs: Vec::new(),
        }
    }

    fn apply(mut real: Real, model: &Model, act: Act) -> Real {
        let handle = real.runtime.handle().clone();
        let done = handle.block_on(real.act(act.clone()));
        assert_eq!(done.is_ok(), model.accepted, "{act:?}: {done:?}");
        if let Err(status) = done {
            assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status}");
        }
        real
    }

    fn check_invariants(real: &Real, model: &Model) {
        real.runtime.block_on(real.agrees(model));
    }

    fn teardown(real: Real, model: Model) {
        real.runtime.block_on(real.superbills_agree(&model));
        let Real { runtime, app, .. } = real;
        runtime.block_on(app.finish());
    }
}

/// Where seeds are kept that failed, to be tried first from then on.
const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/histories.txt"
);

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 12,
        max_shrink_iters: 60,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(SEEDS))),
        ..ProptestConfig::default()
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn r48_the_service_and_a_simple_model_agree_on_every_history(sequential 1..40 => Machine);
}
