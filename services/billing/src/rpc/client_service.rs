use super::request_key;
use crate::ops::list_bills::PageAsked;
use crate::wire::people;
use crate::{Billing, ops};
use ::rpc::{enter, parse};
use pg::Filter;
use proto::billing::v1::client_service_server::ClientService;
use proto::billing::v1::{
    AddClientRequest, AddClientResponse, AddClinicianRequest, AddClinicianResponse,
    AddContactRequest, AddContactResponse, AddPayerRequest, AddPayerResponse, AddPolicyRequest,
    AddPolicyResponse, BatchGetClientsRequest, BatchGetClientsResponse, GetClientRequest,
    GetClientResponse, ListClientsRequest, ListClientsResponse,
};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl ClientService for Billing {
    async fn add_client(
        &self,
        request: Request<AddClientRequest>,
    ) -> Result<Response<AddClientResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) =
            request_key((&asked.practice_id, &asked.request_id), "AddClient", &asked)?;
        let client = people::add_client(practice, asked.client)?;
        let added = ops::add_client::add_client(self, &caller, &key, client).await?;
        Ok(Response::new(AddClientResponse {
            client: Some(people::client(&added)),
        }))
    }

    async fn add_contact(
        &self,
        request: Request<AddContactRequest>,
    ) -> Result<Response<AddContactResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "AddContact",
            &asked,
        )?;
        let client = parse(&asked.client_id, "client_id")?;
        let contact = people::add_contact(practice, client, asked.contact)?;
        let added = ops::add_contact::add_contact(self, &caller, &key, contact).await?;
        Ok(Response::new(AddContactResponse {
            contact: Some(people::contact(&added)),
        }))
    }

    async fn add_policy(
        &self,
        request: Request<AddPolicyRequest>,
    ) -> Result<Response<AddPolicyResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) =
            request_key((&asked.practice_id, &asked.request_id), "AddPolicy", &asked)?;
        let client = parse(&asked.client_id, "client_id")?;
        let policy = people::add_policy(practice, client, asked.policy)?;
        let added = ops::add_policy::add_policy(self, &caller, &key, policy).await?;
        Ok(Response::new(AddPolicyResponse {
            policy: Some(people::policy(&added)),
        }))
    }

    async fn add_clinician(
        &self,
        request: Request<AddClinicianRequest>,
    ) -> Result<Response<AddClinicianResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) = request_key(
            (&asked.practice_id, &asked.request_id),
            "AddClinician",
            &asked,
        )?;
        let clinician = people::add_clinician(practice, asked.clinician)?;
        let added = ops::add_clinician::add_clinician(self, &caller, &key, clinician).await?;
        Ok(Response::new(AddClinicianResponse {
            clinician: Some(people::clinician(added)),
        }))
    }

    async fn add_payer(
        &self,
        request: Request<AddPayerRequest>,
    ) -> Result<Response<AddPayerResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let (practice, key) =
            request_key((&asked.practice_id, &asked.request_id), "AddPayer", &asked)?;
        let payer = people::add_payer(practice, asked.payer)?;
        let added = ops::add_payer::add_payer(self, &caller, &key, payer).await?;
        Ok(Response::new(AddPayerResponse {
            payer: Some(people::payer(added)),
        }))
    }

    async fn get_client(
        &self,
        request: Request<GetClientRequest>,
    ) -> Result<Response<GetClientResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let client = parse(&asked.client_id, "client_id")?;
        let shown = ops::get_client::get_client(self, &caller, practice, client).await?;
        Ok(Response::new(people::shown_client(&shown)))
    }

    async fn batch_get_clients(
        &self,
        request: Request<BatchGetClientsRequest>,
    ) -> Result<Response<BatchGetClientsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let clients = people::clients_asked(&asked.client_ids)?;
        let found = ops::batch_get_clients::batch_get_clients(self, &caller, practice, &clients);
        Ok(Response::new(people::client_people(&found.await?)))
    }

    async fn list_clients(
        &self,
        request: Request<ListClientsRequest>,
    ) -> Result<Response<ListClientsResponse>, Status> {
        let (caller, asked) = enter(request)?;
        let practice = parse(&asked.practice_id, "practice_id")?;
        let reference =
            Some(asked.external_reference.as_str()).filter(|reference| !reference.is_empty());
        let sealed = ListClientsRequest {
            page_size: 0,
            page_token: String::new(),
            ..asked.clone()
        };
        let page = PageAsked {
            size: asked.page_size,
            token: &asked.page_token,
            filter: Filter::of("ListClients", &sealed),
        };
        let page =
            ops::list_clients::list_clients(self, &caller, practice, reference, page).await?;
        Ok(Response::new(people::client_page(page)))
    }
}
