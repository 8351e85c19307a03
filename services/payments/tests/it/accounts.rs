//! R30: how the account stands, and the switch of online payments.

use crate::stage::{Stage, VISA, reason};
use proto::payments::v1::processor_account_service_client::ProcessorAccountServiceClient;
use proto::payments::v1::*;
use rpc::{Claims, Connection, Role};
use serde_json::json;
use testkit::request_id;
use tonic::Code;

impl Stage {
    pub fn accounts(&self, role: Role) -> ProcessorAccountServiceClient<Connection> {
        let practice = self.practice;
        ProcessorAccountServiceClient::new(self.connection(move |claims| Claims {
            role,
            practice_id: Some(practice.to_string()),
            ..claims
        }))
    }

    pub async fn account(&self) -> ProcessorAccount {
        let request = GetProcessorAccountRequest {
            practice_id: self.practice.to_string(),
        };
        let answer = self
            .accounts(Role::Owner)
            .get_processor_account(request)
            .await;
        answer
            .expect("read")
            .into_inner()
            .account
            .expect("an account")
    }

    pub fn switch(&self, enabled: bool) -> SetOnlinePaymentsRequest {
        SetOnlinePaymentsRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            enabled,
        }
    }
}

#[tokio::test]
async fn r30_the_owner_turns_online_payments_off_and_on() {
    let stage = Stage::start().await;
    assert!(stage.account().await.online_payments);
    let off = stage.switch(false);
    let mut owner = stage.accounts(Role::Owner);
    for _ in 0..2 {
        let answer = owner.set_online_payments(off.clone()).await.expect("off");
        assert!(!answer.into_inner().enabled);
    }
    let bill = stage.bill(4_000).await;
    let refused = stage.try_pay(stage.pay_request(bill, 4_000, VISA)).await;
    assert_eq!(
        refused.as_ref().expect_err("refused").code(),
        Code::FailedPrecondition
    );
    assert_eq!(reason(refused), "ONLINE_PAYMENTS_OFF");
    owner
        .set_online_payments(stage.switch(true))
        .await
        .expect("on");
    stage.pay(bill, 4_000, VISA).await;
    let again = owner
        .set_online_payments(off.clone())
        .await
        .expect("a repeat");
    assert!(
        again.into_inner().enabled,
        "a repeat turns nothing off again"
    );
    let other = SetOnlinePaymentsRequest {
        enabled: true,
        ..off
    };
    assert_eq!(
        reason(owner.set_online_payments(other).await),
        "REQUEST_ID_REUSED"
    );
    let biller = stage
        .accounts(Role::Biller)
        .set_online_payments(stage.switch(false))
        .await;
    assert_eq!(biller.expect_err("refused").code(), Code::PermissionDenied);
    stage.finish().await;
}

#[tokio::test]
async fn r30_online_payments_are_not_turned_on_while_the_processor_takes_no_charges() {
    let stage = Stage::start().await;
    let mut owner = stage.accounts(Role::Owner);
    owner
        .set_online_payments(stage.switch(false))
        .await
        .expect("off");
    stage
        .command(
            "account",
            json!({ "charges_enabled": false, "requirements_due": ["external_account"], "disabled_reason": "requirements.past_due" }),
        )
        .await;
    let account = stage.account().await;
    assert!(!account.charges_enabled && account.payouts_enabled);
    assert_eq!(account.requirements_due, ["external_account"]);
    assert_eq!(account.disabled_reason, "requirements.past_due");
    let refused = owner.set_online_payments(stage.switch(true)).await;
    assert_eq!(reason(refused), "CHARGES_NOT_ENABLED");
    stage
        .command("account", json!({ "charges_enabled": true }))
        .await;
    owner
        .set_online_payments(stage.switch(true))
        .await
        .expect("on");
    assert_eq!(stage.account().await.requirements_due, Vec::<String>::new());
    stage.finish().await;
}
