//! Who belongs to a client, as billing says. Their names are the audit's canary: they must reach nobody.

use crate::audit::CANARY;
use crate::billing::{FakeBilling, not_called, refuse};
use ids::{ClientId, ContactId, PayerId};
use proto::billing::v1::client_service_server::ClientService;
use proto::billing::v1::*;
use tonic::{Code, Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

impl FakeBilling {
    /// Adds a client with contacts; the first of them gets the bills.
    pub fn add_client(&self, client: ClientId, contacts: &[ContactId]) {
        let contacts = contacts.iter().map(ToString::to_string).collect();
        self.books().people.insert(client.to_string(), contacts);
    }

    /// The client has this insurance.
    pub fn insure(&self, client: ClientId, payer: PayerId) {
        let insured = (client.to_string(), payer.to_string());
        self.books().insured.push(insured);
    }
}

#[tonic::async_trait]
impl ClientService for FakeBilling {
    async fn get_client(&self, request: Request<GetClientRequest>) -> Answer<GetClientResponse> {
        let (books, asked) = (self.up()?, request.into_inner());
        let contacts = books.people.get(&asked.client_id);
        let contacts = contacts.ok_or_else(|| refuse(Code::NotFound, "CLIENT_NOT_FOUND"))?;
        let named = |contact_id: &String| Contact {
            contact_id: contact_id.clone(),
            given_name: CANARY.to_owned(),
            family_name: CANARY.to_owned(),
            email: format!("{CANARY}@example.com"),
            ..Contact::default()
        };
        let insured = books.insured.iter();
        let policies = insured
            .filter(|(client, _)| *client == asked.client_id)
            .map(|(client, payer)| Policy {
                client_id: client.clone(),
                payer_id: payer.clone(),
                ..Policy::default()
            })
            .collect();
        Ok(Response::new(GetClientResponse {
            client: Some(Client {
                client_id: asked.client_id,
                given_name: CANARY.to_owned(),
                family_name: CANARY.to_owned(),
                billing_contact_id: contacts.first().cloned().unwrap_or_default(),
                ..Client::default()
            }),
            contacts: contacts.iter().map(named).collect(),
            policies,
        }))
    }

    async fn batch_get_clients(
        &self,
        _: Request<BatchGetClientsRequest>,
    ) -> Answer<BatchGetClientsResponse> {
        Err(not_called())
    }
    async fn add_client(&self, _: Request<AddClientRequest>) -> Answer<AddClientResponse> {
        Err(not_called())
    }
    async fn add_contact(&self, _: Request<AddContactRequest>) -> Answer<AddContactResponse> {
        Err(not_called())
    }
    async fn add_policy(&self, _: Request<AddPolicyRequest>) -> Answer<AddPolicyResponse> {
        Err(not_called())
    }
    async fn add_clinician(&self, _: Request<AddClinicianRequest>) -> Answer<AddClinicianResponse> {
        Err(not_called())
    }
    async fn add_payer(&self, _: Request<AddPayerRequest>) -> Answer<AddPayerResponse> {
        Err(not_called())
    }
    async fn list_clients(&self, _: Request<ListClientsRequest>) -> Answer<ListClientsResponse> {
        Err(not_called())
    }
}
