//! R19: each payer has methods of its own, and sees no other's.

use crate::stage::{Stage, VISA, reason};
use crate::wallet::{Methods, Wallet};
use ids::{ClientId, ContactId, PracticeId};
use proto::payments::v1::*;
use rpc::Claims;

#[tokio::test]
async fn r19_client_and_contact_see_to_their_own_methods_only() {
    let stage = Stage::start().await;
    let contact = ContactId::new(&stage.clock);
    let stranger = ContactId::new(&stage.clock);
    stage.billing.add_client(stage.client, &[contact]);
    let practice = stage.wallet();
    let of_client = Wallet {
        methods: Methods::new(stage.payer(stage.client, None)),
        ..stage.wallet()
    };
    let of_contact = Wallet {
        contact: Some(contact),
        methods: Methods::new(stage.payer(stage.client, Some(contact))),
        ..stage.wallet()
    };
    let own = of_client.add(VISA).await;
    let parents = of_contact.add("pm_card_mastercard").await;
    assert!(own.is_default && parents.is_default, "each has its own");
    assert_eq!(parents.contact_id, contact.to_string());
    assert_eq!(of_client.list().await, std::slice::from_ref(&own));
    assert_eq!(of_contact.list().await, std::slice::from_ref(&parents));
    assert_eq!(practice.list().await.len(), 2, "the practice sees both");
    for refused in [
        of_client.get(&parents).await,
        of_contact.get(&own).await,
        of_client.prefer(&parents).await,
        of_contact.prefer(&own).await,
    ] {
        assert_eq!(reason(refused), "METHOD_NOT_FOUND");
    }
    let foreign = of_client.remove(of_client.removal(&parents)).await;
    assert_eq!(reason(foreign), "METHOD_NOT_FOUND");
    let for_contact = of_client.begin(of_contact.request()).await;
    assert_eq!(reason(for_contact), "CONTACT_NOT_FOUND");
    let for_nobody = SetUpMethodRequest {
        contact_id: stranger.to_string(),
        ..practice.request()
    };
    assert_eq!(
        reason(practice.begin(for_nobody).await),
        "CONTACT_NOT_FOUND"
    );
    let another = SetUpMethodRequest {
        client_id: ClientId::new(&stage.clock).to_string(),
        ..practice.request()
    };
    assert_eq!(
        reason(of_client.begin(another.clone()).await),
        "CLIENT_UNKNOWN"
    );
    assert_eq!(reason(practice.begin(another).await), "CLIENT_NOT_FOUND");
    stage.finish().await;
}

#[tokio::test]
async fn r19_another_practices_methods_and_setups_are_not_there() {
    let stage = Stage::start().await;
    let wallet = stage.wallet();
    let card = wallet.add(VISA).await;
    let begun = wallet.begin(wallet.request()).await.expect("begun");
    let elsewhere = PracticeId::new(&stage.clock);
    crate::neighbours::register(stage.db.pool(), elsewhere).await;
    let mut other = Methods::new(stage.connection(move |claims| Claims {
        practice_id: Some(elsewhere.to_string()),
        ..claims
    }));
    let read = |practice: PracticeId| GetMethodRequest {
        practice_id: practice.to_string(),
        method_id: card.method_id.clone(),
    };
    let refused = other.get_method(read(stage.practice)).await;
    assert_eq!(reason(refused), "PRACTICE_UNKNOWN");
    let refused = other.get_method(read(elsewhere)).await;
    assert_eq!(reason(refused), "METHOD_NOT_FOUND");
    let finish = FinishMethodSetupRequest {
        practice_id: elsewhere.to_string(),
        request_id: testkit::request_id(),
        setup_id: begun.setup_id.clone(),
    };
    let refused = other.finish_method_setup(finish).await;
    assert_eq!(reason(refused), "SETUP_NOT_FOUND");
    stage.finish().await;
}
