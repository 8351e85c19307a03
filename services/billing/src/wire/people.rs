use crate::Result;
use crate::domain::people::{Address, Client, Clinician, Contact, Payer, Person, Policy};
use crate::ops::add_client::AddClient;
use crate::ops::add_clinician::AddClinician;
use crate::ops::add_contact::AddContact;
use crate::ops::add_payer::AddPayer;
use crate::ops::add_policy::AddPolicy;
use crate::ops::batch_get_clients::ClientPeople;
use crate::ops::get_client::ShownClient;
use crate::wire::line::{email, one_line, optional_line, reference};
use ::rpc::{parse, wire};
use ids::{ClientId, PracticeId};
use pg::Page;
use proto::billing::v1 as contract;

fn address(address: Option<contract::Address>, field: &str) -> Result<Address> {
    let address = address.unwrap_or_default();
    let part = |text, name: &str| optional_line(text, &format!("{field}.{name}"));
    let lines = address.lines.into_iter().enumerate();
    Ok(Address {
        lines: lines
            .map(|(at, line)| part(line, &format!("lines[{at}]")))
            .collect::<Result<_>>()?,
        city: part(address.city, "city")?,
        region: part(address.region, "region")?,
        postal_code: part(address.postal_code, "postal_code")?,
    })
}

fn shown_address(address: &Address) -> Option<contract::Address> {
    let shown = contract::Address {
        lines: address.lines.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postal_code: address.postal_code.clone(),
    };
    Some(shown).filter(|shown| *shown != contract::Address::default())
}

/// Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn add_client(practice: PracticeId, client: Option<contract::Client>) -> Result<AddClient> {
    let client = parse::required(client, "client")?;
    let birth_date = client
        .birth_date
        .map(|date| parse::date(Some(date), "client.birth_date"));
    Ok(AddClient {
        practice,
        person: Person {
            given_name: one_line(client.given_name, "client.given_name")?,
            family_name: one_line(client.family_name, "client.family_name")?,
            email: email(client.email, "client.email")?,
            address: address(client.address, "client.address")?,
        },
        birth_date: birth_date.transpose()?,
        external_reference: reference(client.external_reference, "client.external_reference")?,
    })
}

/// Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn add_contact(
    practice: PracticeId,
    client: ClientId,
    contact: Option<contract::Contact>,
) -> Result<AddContact> {
    let contact = parse::required(contact, "contact")?;
    Ok(AddContact {
        practice,
        client,
        person: Person {
            given_name: one_line(contact.given_name, "contact.given_name")?,
            family_name: one_line(contact.family_name, "contact.family_name")?,
            email: email(contact.email, "contact.email")?,
            address: address(contact.address, "contact.address")?,
        },
        relationship: optional_line(contact.relationship, "contact.relationship")?,
        billing_contact: contact.billing_contact,
    })
}

/// Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn add_policy(
    practice: PracticeId,
    client: ClientId,
    policy: Option<contract::Policy>,
) -> Result<AddPolicy> {
    let policy = parse::required(policy, "policy")?;
    Ok(AddPolicy {
        practice,
        client,
        payer: parse(&policy.payer_id, "policy.payer_id")?,
        member_number: optional_line(policy.member_number, "policy.member_number")?,
        external_reference: reference(policy.external_reference, "policy.external_reference")?,
    })
}

/// Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn add_clinician(
    practice: PracticeId,
    clinician: Option<contract::Clinician>,
) -> Result<AddClinician> {
    let clinician = parse::required(clinician, "clinician")?;
    Ok(AddClinician {
        practice,
        name: one_line(clinician.name, "clinician.name")?,
        npi: clinician.npi,
        licence: optional_line(clinician.licence, "clinician.licence")?,
        external_reference: reference(
            clinician.external_reference,
            "clinician.external_reference",
        )?,
    })
}

/// Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn add_payer(practice: PracticeId, payer: Option<contract::Payer>) -> Result<AddPayer> {
    let payer = parse::required(payer, "payer")?;
    Ok(AddPayer {
        practice,
        name: one_line(payer.name, "payer.name")?,
        external_reference: reference(payer.external_reference, "payer.external_reference")?,
    })
}

/// The person treated.
#[must_use]
pub fn client(client: &Client) -> contract::Client {
    contract::Client {
        client_id: client.client.to_string(),
        given_name: client.person.given_name.clone(),
        family_name: client.person.family_name.clone(),
        email: client.person.email.clone(),
        address: shown_address(&client.person.address),
        birth_date: client.birth_date.map(wire::date),
        external_reference: client.external_reference.clone().unwrap_or_default(),
        billing_contact_id: client
            .billing_contact
            .map(|contact| contact.to_string())
            .unwrap_or_default(),
        create_time: Some(wire::time(client.create_time)),
    }
}

/// Another person attached to a client.
#[must_use]
pub fn contact(contact: &Contact) -> contract::Contact {
    contract::Contact {
        contact_id: contact.contact.to_string(),
        client_id: contact.client.to_string(),
        given_name: contact.person.given_name.clone(),
        family_name: contact.person.family_name.clone(),
        email: contact.person.email.clone(),
        address: shown_address(&contact.person.address),
        relationship: contact.relationship.clone(),
        billing_contact: contact.billing_contact,
    }
}

/// A client's insurance.
#[must_use]
pub fn policy(policy: &Policy) -> contract::Policy {
    contract::Policy {
        policy_id: policy.policy.to_string(),
        client_id: policy.client.to_string(),
        payer_id: policy.payer.to_string(),
        member_number: policy.member_number.clone(),
        external_reference: policy.external_reference.clone().unwrap_or_default(),
    }
}

/// A person who treats.
#[must_use]
pub fn clinician(clinician: Clinician) -> contract::Clinician {
    contract::Clinician {
        clinician_id: clinician.clinician.to_string(),
        name: clinician.name,
        npi: clinician.npi,
        licence: clinician.licence,
        external_reference: clinician.external_reference.unwrap_or_default(),
    }
}

/// An insurer or another third party.
#[must_use]
pub fn payer(payer: Payer) -> contract::Payer {
    contract::Payer {
        payer_id: payer.payer.to_string(),
        name: payer.name,
        external_reference: payer.external_reference.unwrap_or_default(),
    }
}

/// A client and who belongs to it.
#[must_use]
pub fn shown_client(shown: &ShownClient) -> contract::GetClientResponse {
    contract::GetClientResponse {
        client: Some(client(&shown.client)),
        contacts: shown.contacts.iter().map(contact).collect(),
        policies: shown.policies.iter().map(policy).collect(),
    }
}

/// Clients and their contacts.
#[must_use]
pub fn client_people(people: &[ClientPeople]) -> contract::BatchGetClientsResponse {
    let shown = people.iter().map(|(one, contacts)| contract::ClientPeople {
        client: Some(client(one)),
        contacts: contacts.iter().map(contact).collect(),
    });
    contract::BatchGetClientsResponse {
        clients: shown.collect(),
    }
}

/// The clients that are asked for. Errors: INVALID_FIELD.
pub fn clients_asked(ids: &[String]) -> Result<Vec<ClientId>> {
    let ids = ids.iter().enumerate();
    let ids = ids.map(|(at, id)| Ok(parse(id, &format!("client_ids[{at}]"))?));
    ids.collect()
}

/// A page of clients.
#[must_use]
pub fn client_page(page: Page<Client>) -> contract::ListClientsResponse {
    contract::ListClientsResponse {
        clients: page.items.iter().map(client).collect(),
        next_page_token: page.next_page_token,
    }
}
