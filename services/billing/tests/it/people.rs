use crate::app::{TestApp, reason};
use ids::PracticeId;
use proto::billing::v1::client_service_client::ClientServiceClient;
use proto::billing::v1::{
    AddClientRequest, AddClinicianRequest, AddContactRequest, Address, BatchGetClientsRequest,
    Client, ClientPeople, Clinician, Contact, GetClientRequest, GetClientResponse,
    ListClientsRequest,
};
use proto::google::r#type::Date;
use rpc::{Claims, Connection, Role};
use testkit::request_id;

pub const NOBODYS: &str = "cli_01j2jv5gymfay8vvr14d2pf2db";

pub fn grace() -> Client {
    Client {
        given_name: "Grace".to_owned(),
        family_name: "Hopper".to_owned(),
        email: "grace@example.org".to_owned(),
        address: Some(Address {
            lines: vec!["12 Harbor Street".to_owned(), "Apt 3".to_owned()],
            city: "Boston".to_owned(),
            region: "MA".to_owned(),
            postal_code: "02108".to_owned(),
        }),
        birth_date: Some(Date {
            year: 1986,
            month: 12,
            day: 9,
        }),
        external_reference: "E-1".to_owned(),
        ..Client::default()
    }
}

impl TestApp {
    pub fn people(&self) -> ClientServiceClient<Connection> {
        ClientServiceClient::new(self.owner_of(self.practice))
    }

    pub fn client_request(&self, client: Client) -> AddClientRequest {
        AddClientRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client: Some(client),
        }
    }

    pub async fn add(&self, client: Client) -> Client {
        let request = self.client_request(client);
        let added = self.people().add_client(request).await.expect("added");
        added.into_inner().client.expect("a client")
    }

    fn contact_request(&self, client_id: &str, contact: Contact) -> AddContactRequest {
        AddContactRequest {
            practice_id: self.practice.to_string(),
            request_id: request_id(),
            client_id: client_id.to_owned(),
            contact: Some(contact),
        }
    }

    pub async fn read_client(&self, client_id: &str) -> GetClientResponse {
        let request = GetClientRequest {
            practice_id: self.practice.to_string(),
            client_id: client_id.to_owned(),
        };
        let read = self.people().get_client(request).await.expect("read");
        read.into_inner()
    }

    fn people_as_notifications(&self) -> ClientServiceClient<Connection> {
        ClientServiceClient::new(self.connection(|claims| Claims {
            sub: "service:notifications".to_owned(),
            role: Role::Service,
            ..claims
        }))
    }

    fn list(&self) -> ListClientsRequest {
        ListClientsRequest {
            practice_id: self.practice.to_string(),
            ..ListClientsRequest::default()
        }
    }
}

#[tokio::test]
async fn r01_a_client_is_added_once_and_found_by_the_callers_own_reference() {
    let app = TestApp::start().await;
    let request = app.client_request(grace());
    let first = app.people().add_client(request.clone()).await;
    let first = first.expect("added").into_inner().client.expect("a client");
    let again = app.people().add_client(request.clone()).await;
    assert_eq!(
        Some(&first),
        again.expect("replayed").into_inner().client.as_ref()
    );
    assert_eq!(
        app.read_client(&first.client_id).await.client.as_ref(),
        Some(&first)
    );
    assert_eq!(first.address, grace().address);

    let other = AddClientRequest {
        client: Some(Client {
            family_name: "Murray".to_owned(),
            ..grace()
        }),
        ..request.clone()
    };
    assert_eq!(
        reason(app.people().add_client(other).await),
        "REQUEST_ID_REUSED"
    );
    let twin = app.client_request(grace());
    assert_eq!(
        reason(app.people().add_client(twin).await),
        "EXTERNAL_REFERENCE_TAKEN"
    );

    let by_reference = ListClientsRequest {
        external_reference: "E-1".to_owned(),
        ..app.list()
    };
    let found = app.people().list_clients(by_reference).await.expect("read");
    assert_eq!(found.into_inner().clients, [first]);
    app.finish().await;
}

#[tokio::test]
async fn r01_clients_are_listed_by_name_page_by_page() {
    let app = TestApp::start().await;
    for (given_name, family_name) in [("Zoe", "Adams"), ("Amy", "Zimmer"), ("Bea", "Adams")] {
        app.add(Client {
            given_name: given_name.to_owned(),
            family_name: family_name.to_owned(),
            ..Client::default()
        })
        .await;
    }
    let mut asked = ListClientsRequest {
        page_size: 1,
        ..app.list()
    };
    let mut names = Vec::new();
    loop {
        let page = app.people().list_clients(asked.clone()).await;
        let page = page.expect("a page").into_inner();
        names.extend(page.clients.into_iter().map(|client| client.given_name));
        asked.page_token = page.next_page_token;
        if asked.page_token.is_empty() {
            break;
        }
        let elsewhere = ListClientsRequest {
            external_reference: "E-1".to_owned(),
            ..asked.clone()
        };
        assert_eq!(
            reason(app.people().list_clients(elsewhere).await),
            "PAGE_TOKEN_INVALID"
        );
    }
    assert_eq!(names, ["Bea", "Zoe", "Ada", "Amy"]);
    app.finish().await;
}

#[tokio::test]
async fn r01_what_cannot_be_a_client_is_refused_with_its_field() {
    let app = TestApp::start().await;
    type Change = fn(&mut Client);
    let wrong: [(&str, Change); 7] = [
        ("INVALID_FIELD", |client| client.given_name.clear()),
        ("INVALID_FIELD", |client| client.given_name = " ".to_owned()),
        ("INVALID_FIELD", |client| {
            client.family_name = "Hop\nper".to_owned();
        }),
        ("INVALID_FIELD", |client| client.email = "grace".to_owned()),
        ("INVALID_FIELD", |client| {
            client.birth_date = Some(Date {
                year: 2026,
                month: 3,
                day: 3,
            });
        }),
        ("INVALID_FIELD", |client| {
            client.birth_date = Some(Date {
                year: 2026,
                month: 2,
                day: 29,
            });
        }),
        ("CARD_NUMBER_IN_TEXT", |client| {
            client.family_name = "4242 4242 4242 4242".to_owned();
        }),
    ];
    for (expected, change) in wrong {
        let mut client = grace();
        change(&mut client);
        let request = app.client_request(client.clone());
        assert_eq!(
            reason(app.people().add_client(request).await),
            expected,
            "{client:?}"
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn r03_a_contact_gets_the_bills_when_asked_to() {
    let app = TestApp::start().await;
    let client = app.add(grace()).await.client_id;
    let contact = |given_name: &str, billing_contact| Contact {
        given_name: given_name.to_owned(),
        family_name: "Hopper".to_owned(),
        relationship: "mother".to_owned(),
        billing_contact,
        ..Contact::default()
    };
    let request = app.contact_request(&client, contact("Mary", true));
    let mary = app.people().add_contact(request.clone()).await;
    let mary = mary.expect("added").into_inner().contact;
    let mary = mary.expect("a contact");
    let again = app.people().add_contact(request).await.expect("replayed");
    assert_eq!(again.into_inner().contact.as_ref(), Some(&mary));
    let request = app.contact_request(&client, contact("Walter", false));
    app.people().add_contact(request).await.expect("added");

    let read = app.read_client(&client).await;
    assert_eq!(
        read.client.expect("a client").billing_contact_id,
        mary.contact_id
    );
    let gets_bills: Vec<_> = read
        .contacts
        .iter()
        .map(|contact| (contact.given_name.as_str(), contact.billing_contact))
        .collect();
    assert_eq!(gets_bills, [("Mary", true), ("Walter", false)]);
    let nobodys = app.contact_request(NOBODYS, contact("Mary", true));
    assert_eq!(
        reason(app.people().add_contact(nobodys).await),
        "CLIENT_NOT_FOUND"
    );
    app.finish().await;
}

#[tokio::test]
async fn r01_a_clinician_has_ten_digits_or_none() {
    let app = TestApp::start().await;
    let request = |npi: &str| AddClinicianRequest {
        practice_id: app.practice.to_string(),
        request_id: request_id(),
        clinician: Some(Clinician {
            name: "Dr. Rivera".to_owned(),
            npi: npi.to_owned(),
            licence: "LMFT 12345".to_owned(),
            ..Clinician::default()
        }),
    };
    let first = request("1234567893");
    let added = app.people().add_clinician(first.clone()).await;
    let added = added.expect("added").into_inner().clinician;
    let again = app.people().add_clinician(first).await.expect("replayed");
    assert_eq!(again.into_inner().clinician, added);
    app.people()
        .add_clinician(request(""))
        .await
        .expect("added");
    assert_eq!(
        reason(app.people().add_clinician(request("12345")).await),
        "INVALID_FIELD"
    );
    app.finish().await;
}

#[tokio::test]
async fn r41_people_of_another_practice_are_not_there() {
    let app = TestApp::start().await;
    let client = app.add(grace()).await.client_id;
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let mut theirs = ClientServiceClient::new(app.owner_of(stranger));
    let read = GetClientRequest {
        practice_id: stranger.to_string(),
        client_id: client.clone(),
    };
    assert_eq!(
        reason(theirs.get_client(read.clone()).await),
        "CLIENT_NOT_FOUND"
    );
    let ours = GetClientRequest {
        practice_id: app.practice.to_string(),
        ..read
    };
    assert_eq!(reason(theirs.get_client(ours).await), "PRACTICE_UNKNOWN");
    let list = ListClientsRequest {
        practice_id: stranger.to_string(),
        ..ListClientsRequest::default()
    };
    let listed = theirs.list_clients(list).await.expect("read");
    assert_eq!(listed.into_inner().clients, []);
    let contact = AddContactRequest {
        practice_id: stranger.to_string(),
        ..app.contact_request(
            &client,
            Contact {
                given_name: "Eve".to_owned(),
                family_name: "Adams".to_owned(),
                ..Contact::default()
            },
        )
    };
    assert_eq!(
        reason(theirs.add_contact(contact).await),
        "CLIENT_NOT_FOUND"
    );
    // The same reference in another practice is another client's.
    let twin = AddClientRequest {
        practice_id: stranger.to_string(),
        ..app.client_request(grace())
    };
    theirs.add_client(twin).await.expect("added");
    app.finish().await;
}

#[tokio::test]
async fn r43_many_clients_are_read_at_once_with_who_gets_their_mails() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for external_reference in ["E-1", "E-2", "E-3"] {
        let client = app.add(Client {
            external_reference: external_reference.to_owned(),
            ..grace()
        });
        ids.push(client.await.client_id);
    }
    for (client, billing_contact) in [(0, false), (0, true), (2, false)] {
        let contact = Contact {
            given_name: "Vincent".to_owned(),
            family_name: "Hopper".to_owned(),
            email: "vincent@example.org".to_owned(),
            billing_contact,
            ..Contact::default()
        };
        let request = app.contact_request(&ids[client], contact);
        app.people().add_contact(request).await.expect("added");
    }
    let asked = |client_ids: &[&String]| BatchGetClientsRequest {
        practice_id: app.practice.to_string(),
        client_ids: client_ids.iter().map(|&id| id.clone()).collect(),
    };
    let mut mailer = app.people_as_notifications();
    let all = asked(&[&ids[2], &ids[0], &ids[1], &ids[0]]);
    let found = mailer.batch_get_clients(all.clone()).await.expect("read");
    let mut one_by_one = Vec::new();
    for id in &all.client_ids {
        let read = app.read_client(id).await;
        one_by_one.push(ClientPeople {
            client: read.client,
            contacts: read.contacts,
        });
    }
    assert_eq!(found.into_inner().clients, one_by_one);
    let told = |at: usize| one_by_one[at].contacts.iter().map(|it| it.billing_contact);
    assert_eq!(told(1).collect::<Vec<_>>(), [false, true]);
    assert_eq!(told(0).collect::<Vec<_>>(), [false]);

    let nobodys = NOBODYS.to_owned();
    let missing = asked(&[&ids[0], &nobodys]);
    assert_eq!(
        reason(mailer.batch_get_clients(missing).await),
        "CLIENT_NOT_FOUND"
    );
    let none = asked(&[]);
    assert_eq!(
        reason(mailer.batch_get_clients(none).await),
        "INVALID_FIELD"
    );
    let many = asked(&vec![&ids[0]; 201]);
    assert_eq!(
        reason(mailer.batch_get_clients(many).await),
        "INVALID_FIELD"
    );
    let most = asked(&vec![&ids[0]; 200]);
    mailer.batch_get_clients(most).await.expect("read");

    let refused = app.people().batch_get_clients(all.clone()).await;
    let refused = refused.expect_err("only services may");
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let stranger = PracticeId::new(&app.clock);
    app.register(stranger).await;
    let theirs = BatchGetClientsRequest {
        practice_id: stranger.to_string(),
        ..all
    };
    let refused = mailer.batch_get_clients(theirs).await;
    refused.expect_err("clients of another practice");
    app.finish().await;
}
