//! F1, for methods: the real program dies while one is added or removed, is started again, and everything ends well.

use crate::crash::{Machine, PATIENCE};
use ids::ClientId;
use proto::payments::v1::*;
use testkit::{eventually, request_id};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_crash_at_any_step_of_a_setup_ends_with_one_card_on_file() {
    let machine = Machine::start().await;
    machine.billing.add_client(machine.client, &[]);
    for (at, place) in [
        "after_setup",
        "before_create_customer",
        "after_create_customer",
        "before_create_setup",
        "after_create_setup",
        "after_create_setup_commit",
        "after_settle_setup",
    ]
    .into_iter()
    .enumerate()
    {
        // Each time another payer, so that each has its customer made.
        let client = ClientId::new(&machine.clock);
        machine.billing.add_client(client, &[]);
        let request = SetUpMethodRequest {
            practice_id: machine.practice.to_string(),
            request_id: request_id(),
            client_id: client.to_string(),
            ..SetUpMethodRequest::default()
        };
        let mut doomed = machine.payments(Some(place)).await;
        let begun = machine.methods().set_up_method(request.clone()).await;
        if place == "after_settle_setup" {
            let setup = begun.expect("begun").into_inner().setup;
            let secret = setup.expect("a setup").client_secret;
            machine.give(&secret).await;
        } else {
            begun.expect_err("it died");
        }
        let status = doomed.wait().await.expect("it ends");
        assert!(!status.success(), "{place}: {status}");

        let mut reborn = machine.payments(None).await;
        let again = eventually(PATIENCE, "the setup waits for the payer", || async {
            let again = machine.methods().set_up_method(request.clone()).await;
            let setup = again.ok()?.into_inner().setup?;
            let far = setup.state() != MethodSetupState::Created;
            (far && (setup.method.is_some() || !setup.client_secret.is_empty())).then_some(setup)
        })
        .await;
        if again.method.is_none() {
            machine.give(&again.client_secret).await;
        }
        machine.settled().await;
        let count: i64 = sqlx::query_scalar("select count(*) from payments.methods")
            .fetch_one(machine.db.owner_pool())
            .await
            .expect("counted");
        assert_eq!(count, i64::try_from(at).expect("few") + 1, "{place}");
        reborn.kill().await.expect("it is ended");
    }
    let customers: i64 =
        sqlx::query_scalar("select count(distinct processor_customer) from payments.customers")
            .fetch_one(machine.db.owner_pool())
            .await
            .expect("counted");
    assert_eq!(customers, machine.customers().await, "none was made twice");
    machine.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_a_crash_around_a_removal_makes_the_processor_forget_all_the_same() {
    let machine = Machine::start().await;
    machine.billing.add_client(machine.client, &[]);
    for place in ["after_remove", "before_detach", "after_detach"] {
        let mut doomed = machine.payments(Some(place)).await;
        let request = SetUpMethodRequest {
            practice_id: machine.practice.to_string(),
            request_id: request_id(),
            client_id: machine.client.to_string(),
            ..SetUpMethodRequest::default()
        };
        let begun = machine.methods().set_up_method(request.clone()).await;
        let setup = begun.expect("begun").into_inner().setup.expect("a setup");
        machine.give(&setup.client_secret).await;
        machine.settled().await;
        let done = machine.methods().set_up_method(request).await;
        let done = done.expect("the same").into_inner().setup.expect("a setup");
        let removal = RemoveMethodRequest {
            practice_id: machine.practice.to_string(),
            request_id: request_id(),
            method_id: done.method.expect("on file").method_id,
        };
        let _ = machine.methods().remove_method(removal.clone()).await;
        let status = doomed.wait().await.expect("it ends");
        assert!(!status.success(), "{place}: {status}");
        let mut reborn = machine.payments(None).await;
        machine.settled().await;
        let again = machine.methods().remove_method(removal).await;
        let method = again.expect("the same").into_inner().method;
        assert_eq!(method.expect("a method").state(), MethodState::Removed);
        reborn.kill().await.expect("it is ended");
    }
    let attached: i64 =
        sqlx::query_scalar("select count(*) from payments.detachments where detach_time is null")
            .fetch_one(machine.db.owner_pool())
            .await
            .expect("counted");
    assert_eq!(attached, 0);
    machine.finish().await;
}
