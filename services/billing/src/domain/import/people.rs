use super::cells::Cells;
use super::table::{Column, Sheet, optional, read, required};
use super::{FileKind, Mistakes, Rules};
use crate::domain::people::{Address, Person};
use jiff::civil::Date;

const NAME_MAX: usize = 120;

pub(super) const CLIENT_COLUMNS: &[Column] = &[
    required("client_id"),
    required("given_name"),
    required("family_name"),
    optional("email"),
    optional("address_line_1"),
    optional("address_line_2"),
    optional("city"),
    optional("region"),
    optional("postal_code"),
    optional("birth_date"),
];

pub(super) const CONTACT_COLUMNS: &[Column] = &[
    required("client_id"),
    required("given_name"),
    required("family_name"),
    optional("email"),
    optional("address_line_1"),
    optional("address_line_2"),
    optional("city"),
    optional("region"),
    optional("postal_code"),
    optional("relationship"),
    optional("billing_contact"),
];

/// A person treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow {
    /// The former system's id; the client's external reference here.
    pub reference: String,
    /// Name and addresses.
    pub person: Person,
    /// When known.
    pub birth_date: Option<Date>,
}

/// Another person attached to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// Whose: a client's id.
    pub client: String,
    /// Name and addresses.
    pub person: Person,
    /// In the practice's words.
    pub relationship: String,
    /// Gets the client's bills.
    pub billing_contact: bool,
}

pub(super) fn clients(
    source: (FileKind, &[u8]),
    rules: &Rules,
    mistakes: &mut Mistakes,
) -> Sheet<ClientRow> {
    read(source, CLIENT_COLUMNS, (rules, mistakes), |cells| {
        let reference = cells.reference("client_id");
        let person = person(cells);
        let birth_date = if cells.cell("birth_date").is_empty() {
            None
        } else {
            cells.past_date("birth_date")
        };
        cells.sound(ClientRow {
            reference: reference?,
            person: person?,
            birth_date,
        })
    })
}

pub(super) fn contacts(
    source: (FileKind, &[u8]),
    rules: &Rules,
    mistakes: &mut Mistakes,
) -> Sheet<ContactRow> {
    read(source, CONTACT_COLUMNS, (rules, mistakes), |cells| {
        let client = cells.reference("client_id");
        let person = person(cells);
        let relationship = cells.optional_text("relationship", 60);
        let billing_contact = cells.yes("billing_contact");
        cells.sound(ContactRow {
            client: client?,
            person: person?,
            relationship: relationship?,
            billing_contact: billing_contact?,
        })
    })
}

fn person(cells: &mut Cells<'_>) -> Option<Person> {
    let given_name = cells.text("given_name", NAME_MAX);
    let family_name = cells.text("family_name", NAME_MAX);
    let email = cells.email("email");
    let first = cells.optional_text("address_line_1", 120);
    let second = cells.optional_text("address_line_2", 120);
    let city = cells.optional_text("city", 120);
    let region = cells.optional_text("region", 60);
    let postal_code = cells.optional_text("postal_code", 20);
    Some(Person {
        given_name: given_name?,
        family_name: family_name?,
        email: email?,
        address: Address {
            lines: [first?, second?]
                .into_iter()
                .filter(|line| !line.is_empty())
                .collect(),
            city: city?,
            region: region?,
            postal_code: postal_code?,
        },
    })
}
