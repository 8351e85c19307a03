//! Who pays: the client, or one contact of a client. Each has methods of its own.

use ids::{ClientId, ContactId};
use uuid::Uuid;

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Payer {
    /// The person treated.
    Client(ClientId),
    /// Another person attached to that client.
    Contact(ContactId),
}

impl Payer {
    /// As the database keeps it.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Contact(_) => "contact",
        }
    }

    /// The bare id.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Client(client) => client.uuid(),
            Self::Contact(contact) => contact.uuid(),
        }
    }

    /// The one of that kind and id.
    #[must_use]
    pub fn of(kind: &str, id: Uuid) -> Option<Self> {
        match kind {
            "client" => Some(Self::Client(ClientId::from(id))),
            "contact" => Some(Self::Contact(ContactId::from(id))),
            _unknown => None,
        }
    }

    /// The contact, when it is one.
    #[must_use]
    pub const fn contact(self) -> Option<ContactId> {
        match self {
            Self::Client(_) => None,
            Self::Contact(contact) => Some(contact),
        }
    }
}

impl std::fmt::Display for Payer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client(client) => client.fmt(out),
            Self::Contact(contact) => contact.fmt(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Payer;
    use ids::{ClientId, ContactId};
    use uuid::Uuid;

    #[test]
    fn a_payer_is_read_as_it_is_kept() {
        let id = Uuid::from_u128(7);
        for payer in [
            Payer::Client(ClientId::from(id)),
            Payer::Contact(ContactId::from(id)),
        ] {
            assert_eq!(Payer::of(payer.kind(), payer.uuid()), Some(payer));
        }
        assert_eq!(Payer::of("insurer", id), None);
    }
}
