//! Whose address a mail goes to.

use ids::ContactId;
use proto::billing::v1::GetClientResponse;

/// The client's own address, or the contact's.
pub(super) fn own_address(found: &GetClientResponse, contact: Option<ContactId>) -> String {
    let contact = contact.map(|contact| contact.to_string());
    let address = match contact {
        None => found.client.as_ref().map(|client| &client.email),
        Some(contact) => {
            let mut contacts = found.contacts.iter();
            let named = contacts.find(|it| it.contact_id == contact);
            named.map(|contact| &contact.email)
        }
    };
    address.map_or_else(String::new, |address| address.trim().to_owned())
}

/// As billing decides it: with a billing contact, never the client's own.
pub(super) fn address(found: &GetClientResponse) -> Option<&str> {
    let client = found.client.as_ref()?;
    let contact = found
        .contacts
        .iter()
        .find(|contact| contact.billing_contact || contact.contact_id == client.billing_contact_id);
    let address = contact.map_or(client.email.as_str(), |contact| contact.email.as_str());
    Some(address.trim()).filter(|address| !address.is_empty())
}
