use crate::app::{TODAY, TestApp, reason, usd};
use proto::billing::v1::client_terms::ClientPart;
use proto::billing::v1::terms_service_client::TermsServiceClient;
use proto::billing::v1::{
    Automation, ClientTerms, GetClientTermsRequest, GetPracticeTermsRequest, PracticeTerms,
    Responsibility, SetClientTermsRequest, SetPracticeTermsRequest,
};
use proto::google::r#type::Date;
use rpc::Connection;
use testkit::request_id;
use tonic::Status;

impl TestApp {
    pub fn terms(&self) -> TermsServiceClient<Connection> {
        TermsServiceClient::new(self.owner_of(self.practice))
    }

    pub async fn set_practice_terms(&self, terms: PracticeTerms) -> Result<PracticeTerms, Status> {
        let request = SetPracticeTermsRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            terms: Some(terms),
        };
        let set = self.terms().set_practice_terms(request).await?.into_inner();
        Ok(set.terms.expect("terms"))
    }

    pub async fn set_client_terms(&self, terms: ClientTerms) -> Result<ClientTerms, Status> {
        let request = SetClientTermsRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: self.client.to_string(),
            terms: Some(terms),
        };
        let set = self.terms().set_client_terms(request).await?.into_inner();
        Ok(set.terms.expect("terms"))
    }
}

pub fn automatic(automation: Automation) -> PracticeTerms {
    PracticeTerms {
        automation: automation.into(),
        ..PracticeTerms::default()
    }
}

#[tokio::test]
async fn r07_a_bill_is_due_when_the_terms_of_practice_and_client_say() {
    let app = TestApp::start().await;
    let due = |days: i32| {
        Some(Date {
            day: TODAY.day + days,
            ..TODAY
        })
    };
    assert_eq!(
        app.issue(1_000, 0).await.due_date,
        due(0),
        "at once, unless told"
    );
    let practice = PracticeTerms {
        due_days: 14,
        ..automatic(Automation::ByHand)
    };
    app.set_practice_terms(practice).await.expect("set");
    assert_eq!(app.issue(1_000, 0).await.due_date, due(14));
    let client = ClientTerms {
        due_days: Some(28),
        ..ClientTerms::default()
    };
    app.set_client_terms(client).await.expect("set");
    assert_eq!(app.issue(1_000, 0).await.due_date, due(28));
    app.set_client_terms(ClientTerms::default())
        .await
        .expect("set");
    assert_eq!(app.issue(1_000, 0).await.due_date, due(14));
    let mut asked = app.bill_request(1_000, 0).await;
    asked.due_date = due(3);
    let issued = app.bills().issue_bill(asked).await.expect("issued");
    assert_eq!(issued.into_inner().bill.expect("a bill").due_date, due(3));
    app.finish().await;
}

#[tokio::test]
async fn r04_terms_are_read_as_they_were_set_and_again_is_the_same() {
    let app = TestApp::start().await;
    let read = GetPracticeTermsRequest {
        practice_id: app.practice.to_string(),
    };
    let unset = app
        .terms()
        .get_practice_terms(read.clone())
        .await
        .expect("read");
    let unset = unset.into_inner().terms.expect("terms");
    assert_eq!(
        (unset.automation(), unset.due_days),
        (Automation::ByHand, 0)
    );
    let set = app
        .set_practice_terms(automatic(Automation::Daily))
        .await
        .expect("set");
    assert_eq!(set.automation_from_date, Some(TODAY), "nothing old");
    let again = app.terms().get_practice_terms(read).await.expect("read");
    assert_eq!(again.into_inner().terms, Some(set));

    let client = ClientTerms {
        automation: Automation::MonthlyLastDay.into(),
        responsibility: Responsibility::Insurance.into(),
        policy_id: app.policy.to_string(),
        client_part: Some(ClientPart::CoPay(usd(2_500))),
        ..ClientTerms::default()
    };
    let request = SetClientTermsRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        client_id: app.client.to_string(),
        terms: Some(client),
    };
    let set = app
        .terms()
        .set_client_terms(request.clone())
        .await
        .expect("set")
        .into_inner();
    let again = app
        .terms()
        .set_client_terms(request.clone())
        .await
        .expect("replayed");
    assert_eq!(again.into_inner(), set);
    let other = SetClientTermsRequest {
        terms: Some(ClientTerms::default()),
        ..request
    };
    assert_eq!(
        reason(app.terms().set_client_terms(other).await),
        "REQUEST_ID_REUSED"
    );
    let read = GetClientTermsRequest {
        practice_id: app.practice.to_string(),
        client_id: app.client.to_string(),
    };
    let read = app.terms().get_client_terms(read).await.expect("read");
    assert_eq!(read.into_inner().terms, set.terms);
    app.finish().await;
}

#[tokio::test]
async fn r04_terms_that_cannot_be_are_refused_with_their_reason() {
    let app = TestApp::start().await;
    let late = PracticeTerms {
        due_days: 366,
        ..automatic(Automation::Daily)
    };
    assert_eq!(reason(app.set_practice_terms(late).await), "INVALID_FIELD");
    assert_eq!(
        reason(app.set_practice_terms(PracticeTerms::default()).await),
        "INVALID_FIELD"
    );
    let insured = ClientTerms {
        responsibility: Responsibility::Insurance.into(),
        policy_id: app.policy.to_string(),
        ..ClientTerms::default()
    };
    let euros = proto::money::v1::Money {
        currency_code: "EUR".to_owned(),
        minor_units: 100,
    };
    for (terms, expected) in [
        (
            ClientTerms {
                policy_id: String::new(),
                ..insured.clone()
            },
            "POLICY_REQUIRED",
        ),
        (
            ClientTerms {
                policy_id: "pol_01j2jv5gymfay8vvr14d2pf2db".to_owned(),
                ..insured.clone()
            },
            "POLICY_NOT_FOUND",
        ),
        (
            ClientTerms {
                responsibility: 0,
                ..insured.clone()
            },
            "INVALID_FIELD",
        ),
        (
            ClientTerms {
                client_part: Some(ClientPart::CoPay(euros)),
                ..insured.clone()
            },
            "CURRENCY_MISMATCH",
        ),
        (
            ClientTerms {
                client_part: Some(ClientPart::CoInsurancePercent("120".to_owned())),
                ..insured.clone()
            },
            "INVALID_FIELD",
        ),
        (
            ClientTerms {
                automation_from_date: Some(TODAY),
                ..insured
            },
            "INVALID_FIELD",
        ),
    ] {
        assert_eq!(reason(app.set_client_terms(terms).await), expected);
    }
    app.finish().await;
}
