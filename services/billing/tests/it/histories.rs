//! Random acts against the real service and a model of a few lines, which have to agree on every amount after each.

use crate::app::{TestApp, minor, usd};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use proto::billing::v1::reduction::Extent;
use proto::billing::v1::{
    AdjustBillRequest, AdjustmentKind, AdjustmentReason, ApplyCreditRequest, Bill, BillContent,
    BillStatus, CancelBillRequest, EditBillRequest, ProductLine, Reduction,
    ReverseAdjustmentRequest,
};
use testkit::request_id;
use tokio::runtime::Runtime;

/// What somebody does; bills and adjustments are named by their place.
#[derive(Clone, Debug)]
enum Act {
    Issue(i64),
    Edit(usize, i64),
    Pay(usize, i64),
    PayOnAccount(i64),
    ApplyCredit(usize, i64),
    Adjust(usize, i64),
    Reverse(usize),
    Cancel(usize),
}

#[derive(Clone, Debug, Default)]
struct ModelBill {
    price: i64,
    /// What was taken off and counts, oldest first.
    taken: Vec<i64>,
    paid: i64,
    cancelled: bool,
}

impl ModelBill {
    fn balance(&self) -> i64 {
        if self.cancelled {
            return 0;
        }
        self.price - self.taken.iter().sum::<i64>() - self.paid
    }

    fn can_change(&self) -> bool {
        !self.cancelled && self.paid == 0
    }
}

#[derive(Clone, Debug, Default)]
struct Model {
    bills: Vec<ModelBill>,
    credit: i64,
    /// Whether the last act was to go through.
    accepted: bool,
}

impl Model {
    fn apply(&mut self, act: &Act) -> bool {
        match *act {
            Act::Issue(price) => {
                self.bills.push(ModelBill {
                    price,
                    ..ModelBill::default()
                });
                true
            }
            Act::PayOnAccount(amount) => {
                self.credit += amount;
                true
            }
            Act::Pay(at, amount) => {
                let bill = &mut self.bills[at];
                let placed = amount.min(bill.balance());
                bill.paid += placed;
                self.credit += amount - placed;
                true
            }
            Act::ApplyCredit(at, amount) => {
                let bill = &mut self.bills[at];
                let fits = !bill.cancelled && amount <= self.credit && amount <= bill.balance();
                if fits {
                    bill.paid += amount;
                    self.credit -= amount;
                }
                fits
            }
            Act::Edit(at, price) => {
                let bill = &mut self.bills[at];
                let fits = bill.can_change();
                if fits {
                    bill.price = price;
                    bill.taken.clear();
                }
                fits
            }
            Act::Adjust(at, amount) => {
                let bill = &mut self.bills[at];
                let fits = !bill.cancelled && amount <= bill.balance();
                if fits {
                    bill.taken.push(amount);
                }
                fits
            }
            Act::Reverse(at) => {
                let bill = &mut self.bills[at];
                !bill.cancelled && bill.taken.pop().is_some()
            }
            Act::Cancel(at) => {
                let bill = &mut self.bills[at];
                let fits = bill.can_change();
                if fits {
                    bill.cancelled = true;
                    bill.taken.clear();
                }
                fits
            }
        }
    }
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Model;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Act> {
        let issue = (1_i64..20_000).prop_map(Act::Issue);
        let account = (1_i64..20_000).prop_map(Act::PayOnAccount);
        if model.bills.is_empty() {
            return prop_oneof![4 => issue, 1 => account].boxed();
        }
        let bill = 0..model.bills.len();
        let some = || (bill.clone(), 1_i64..20_000);
        prop_oneof![
            3 => issue,
            1 => account,
            3 => some().prop_map(|(at, price)| Act::Edit(at, price)),
            3 => some().prop_map(|(at, amount)| Act::Pay(at, amount)),
            2 => some().prop_map(|(at, amount)| Act::ApplyCredit(at, amount)),
            3 => some().prop_map(|(at, amount)| Act::Adjust(at, amount)),
            2 => bill.clone().prop_map(Act::Reverse),
            1 => bill.clone().prop_map(Act::Cancel),
        ]
        .boxed()
    }

    fn apply(mut model: Model, act: &Act) -> Model {
        model.accepted = model.apply(act);
        model
    }

    fn preconditions(model: &Model, act: &Act) -> bool {
        match act {
            Act::Issue(_) | Act::PayOnAccount(_) => true,
            Act::Edit(at, _)
            | Act::Pay(at, _)
            | Act::ApplyCredit(at, _)
            | Act::Adjust(at, _)
            | Act::Reverse(at)
            | Act::Cancel(at) => *at < model.bills.len(),
        }
    }
}

struct Real {
    runtime: Runtime,
    app: TestApp,
    bills: Vec<Bill>,
}

impl Real {
    /// Does it through the API; false when it was refused.
    fn act(&mut self, act: Act) -> bool {
        let Self {
            runtime,
            app,
            bills,
        } = self;
        let done = runtime.block_on(act.ask(app, bills));
        match done {
            Ok(Some(issued)) => bills.push(issued),
            Ok(None) => {}
            Err(status) => {
                assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status}");
                return false;
            }
        }
        true
    }
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

fn write_off(amount: i64) -> Reduction {
    Reduction {
        kind: AdjustmentKind::WriteOff.into(),
        reason: AdjustmentReason::SmallBalance.into(),
        extent: Some(Extent::Amount(usd(amount))),
        ..Reduction::default()
    }
}

impl Act {
    /// Answers the bill that was issued.
    async fn ask(self, app: &TestApp, bills: &[Bill]) -> Result<Option<Bill>, tonic::Status> {
        let (practice_id, request_id) = (app.practice.to_string(), request_id());
        let bill_id = |at: usize| bills[at].bill_id.clone();
        match self {
            Self::Issue(price) => {
                let issued = app.bills().issue_bill(app.product_request(price)).await?;
                return Ok(issued.into_inner().bill);
            }
            Self::PayOnAccount(amount) => drop(app.post(&app.payment(amount, &[])).await),
            Self::Pay(at, amount) => {
                drop(
                    app.post(&app.payment(amount, &[(&bills[at], amount)]))
                        .await,
                );
            }
            Self::ApplyCredit(at, amount) => {
                let request = ApplyCreditRequest {
                    practice_id,
                    request_id,
                    bill_id: bill_id(at),
                    amount: Some(usd(amount)),
                };
                app.ledger().apply_credit(request).await?;
            }
            Self::Edit(at, price) => {
                let request = EditBillRequest {
                    practice_id,
                    request_id,
                    bill_id: bill_id(at),
                    etag: app.bill(&bills[at]).await.etag,
                    content: Some(workbook(price)),
                    ..EditBillRequest::default()
                };
                app.bills().edit_bill(request).await?;
            }
            Self::Adjust(at, amount) => {
                let request = AdjustBillRequest {
                    practice_id,
                    request_id,
                    bill_id: bill_id(at),
                    reduction: Some(write_off(amount)),
                };
                app.bills().adjust_bill(request).await?;
            }
            Self::Reverse(at) => {
                let taken = app.bill(&bills[at]).await.adjustments;
                let last = taken.last();
                let last = last.ok_or_else(|| tonic::Status::failed_precondition("none"))?;
                let request = ReverseAdjustmentRequest {
                    practice_id,
                    request_id,
                    bill_id: bill_id(at),
                    adjustment_id: last.adjustment_id.clone(),
                };
                app.bills().reverse_adjustment(request).await?;
            }
            Self::Cancel(at) => {
                let request = CancelBillRequest {
                    practice_id,
                    request_id,
                    bill_id: bill_id(at),
                    reason: String::new(),
                };
                app.bills().cancel_bill(request).await?;
            }
        }
        Ok(None)
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
        }
    }

    fn apply(mut real: Real, model: &Model, act: Act) -> Real {
        assert_eq!(real.act(act.clone()), model.accepted, "{act:?}");
        real
    }

    fn check_invariants(real: &Real, model: &Model) {
        real.runtime.block_on(async {
            for (bill, expected) in real.bills.iter().zip(&model.bills) {
                let bill = real.app.bill(bill).await;
                assert_eq!(minor(&bill.client_balance), expected.balance(), "{bill:?}");
                let status = match (expected.cancelled, expected.balance()) {
                    (true, _) => BillStatus::Cancelled,
                    (false, 0) => BillStatus::Paid,
                    (false, _) => BillStatus::Open,
                };
                assert_eq!(bill.status(), status, "{bill:?}");
            }
            let balance = real.app.balance().await;
            assert_eq!(minor(&balance.credit), model.credit);
            let owed: i64 = model.bills.iter().map(ModelBill::balance).sum();
            assert_eq!(minor(&balance.owed), owed);
        });
    }

    fn teardown(real: Real, _: Model) {
        let Real { runtime, app, .. } = real;
        runtime.block_on(app.finish());
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn r48_the_service_and_a_simple_model_agree_on_every_history(sequential 1..40 => Machine);
}
