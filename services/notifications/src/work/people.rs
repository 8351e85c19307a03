//! The people of mails that are sent at once: billing is asked for all of them in one call.

use super::gather::Gather;
use super::recipient::audience;
use super::trouble::Trouble;
use crate::domain::card::Audience;
use crate::domain::message::NewMessage;
use ids::ClientId;
use proto::billing::v1::client_service_client::ClientServiceClient;
use proto::billing::v1::{BatchGetClientsRequest, ClientPeople, GetClientRequest};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::OnceCell;

/// Clients that billing is asked for in one call, at most.
const TOGETHER: usize = 200;

/// Those of one practice's mails. Whoever needs them first asks for all.
pub(super) struct People {
    clients: Vec<ClientId>,
    /// By client; without those that could not be asked for together.
    known: OnceCell<BTreeMap<String, ClientPeople>>,
}

impl People {
    /// Of the mails that go to clients or their contacts.
    pub(super) fn of<'a>(messages: impl Iterator<Item = &'a NewMessage>) -> Self {
        let clients: BTreeSet<ClientId> = messages
            .filter(|message| {
                let to = audience(&message.particulars);
                !matches!(to, Some(Audience::Practice))
            })
            .filter_map(|message| message.client)
            .collect();
        Self {
            clients: clients.into_iter().collect(),
            known: OnceCell::new(),
        }
    }
}

impl Gather<'_> {
    /// A client and the contacts.
    pub(super) async fn people(&self, client: ClientId) -> Result<ClientPeople, Trouble> {
        let known = self.people.known.get_or_init(|| self.all_people()).await;
        match known.get(&client.to_string()) {
            Some(found) => Ok(found.clone()),
            None => self.people_alone(client).await,
        }
    }

    /// Nobody, when the call fails, be it by one of the clients: each mail then asks for its own.
    async fn all_people(&self) -> BTreeMap<String, ClientPeople> {
        let mut known = BTreeMap::new();
        if self.people.clients.len() < 2 {
            return known;
        }
        let mut billing = ClientServiceClient::new(self.notifications.billing.clone());
        for clients in self.people.clients.chunks(TOGETHER) {
            let request = BatchGetClientsRequest {
                practice_id: self.practice.to_string(),
                client_ids: clients.iter().map(ToString::to_string).collect(),
            };
            match billing.batch_get_clients(request).await {
                Ok(found) => {
                    let people = found.into_inner().clients.into_iter();
                    known.extend(people.filter_map(|people| {
                        let id = people.client.as_ref()?.client_id.clone();
                        Some((id, people))
                    }));
                }
                Err(status) => {
                    tracing::debug!(%status, "clients could not be asked for together");
                }
            }
        }
        known
    }

    async fn people_alone(&self, client: ClientId) -> Result<ClientPeople, Trouble> {
        let request = GetClientRequest {
            practice_id: self.practice.to_string(),
            client_id: client.to_string(),
        };
        let clients = || ClientServiceClient::new(self.notifications.billing.clone());
        let found = self
            .ask(async || clients().get_client(request.clone()).await)
            .await?;
        Ok(ClientPeople {
            client: found.client,
            contacts: found.contacts,
        })
    }
}
