//! Who is treated, who pays, who treats.

use ids::{ClientId, ClinicianId, ContactId, PayerId, PolicyId};
use jiff::Timestamp;
use jiff::civil::Date;

/// A postal address as it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// Street and number, suite; at most three.
    pub lines: Vec<String>,
    /// City or town.
    pub city: String,
    /// State, province or region.
    pub region: String,
    /// As written.
    pub postal_code: String,
}

impl Address {
    /// Line by line, the last one as `City, Region Postcode`; nothing is left out but what is empty.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        let mut place = self.city.clone();
        if !self.region.is_empty() {
            if !place.is_empty() {
                place.push_str(", ");
            }
            place.push_str(&self.region);
        }
        if !self.postal_code.is_empty() {
            if !place.is_empty() {
                place.push(' ');
            }
            place.push_str(&self.postal_code);
        }
        let lines = self.lines.iter().cloned().chain([place]);
        lines.filter(|line| !line.trim().is_empty()).collect()
    }
}

/// Whether mail can be sent to it: something on both sides of one @ and no white space. Whether it works is shown by
/// mail to it.
#[must_use]
pub fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        let blank = |c: char| c.is_whitespace() || c.is_control();
        !name.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(blank)
            && !text.contains([',', ';', '<', '>'])
    })
}

/// A person by name, with where to write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Empty when there is none.
    pub email: String,
    /// Postal address.
    pub address: Address,
}

impl Person {
    /// As printed on documents. A name in Han, kana or Hangul has the family's name first, and no space.
    #[must_use]
    pub fn full_name(&self) -> String {
        let (given, family) = (self.given_name.trim(), self.family_name.trim());
        if !given.is_empty() && given.chars().chain(family.chars()).all(is_east_asian) {
            return format!("{family}{given}");
        }
        format!("{given} {family}")
    }
}

const fn is_east_asian(letter: char) -> bool {
    matches!(
        letter,
        '々' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{323af}'
    )
}

/// The person treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub client: ClientId,
    /// Name and addresses.
    pub person: Person,
    /// Day of birth, when known.
    pub birth_date: Option<Date>,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
    /// The contact who gets the bills; none is the client.
    pub billing_contact: Option<ContactId>,
    /// When it was added.
    pub create_time: Timestamp,
}

/// Another person attached to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub contact: ContactId,
    /// To whom it is attached.
    pub client: ClientId,
    /// Name and addresses.
    pub person: Person,
    /// In the practice's words.
    pub relationship: String,
    /// Gets the client's bills.
    pub billing_contact: bool,
}

/// A person who treats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clinician {
    /// Its id.
    pub clinician: ClinicianId,
    /// As printed.
    pub name: String,
    /// Ten digits, or empty.
    pub npi: String,
    /// As printed.
    pub licence: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// An insurer or another third party that pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// Its id.
    pub payer: PayerId,
    /// As printed.
    pub name: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

/// A client's insurance with one payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub policy: PolicyId,
    /// Whose insurance it is.
    pub client: ClientId,
    /// With whom.
    pub payer: PayerId,
    /// The member number on the card.
    pub member_number: String,
    /// The caller's own id for it.
    pub external_reference: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printed_in_the_order_of_their_script() {
        let named = |given_name: &str, family_name: &str| {
            let person = Person {
                given_name: given_name.to_owned(),
                family_name: family_name.to_owned(),
                email: String::new(),
                address: address(&[], ["", "", ""]),
            };
            person.full_name()
        };
        assert_eq!(named("Ada ", " Linden"), "Ada Linden");
        assert_eq!(named("雅子", "田中"), "田中雅子");
        assert_eq!(named("민수", "김"), "김민수");
        assert_eq!(named("Yasuko", "田中"), "Yasuko 田中");
    }

    fn address(lines: &[&str], [city, region, postal_code]: [&str; 3]) -> Address {
        Address {
            lines: lines.iter().map(ToString::to_string).collect(),
            city: city.to_owned(),
            region: region.to_owned(),
            postal_code: postal_code.to_owned(),
        }
    }

    #[test]
    fn an_address_is_printed_without_holes() {
        let whole = address(&["1 Main Street", " "], ["Boston", "MA", "02108"]);
        assert_eq!(whole.printed(), ["1 Main Street", "Boston, MA 02108"]);
        assert_eq!(address(&[], ["", "MA", "02108"]).printed(), ["MA 02108"]);
        assert_eq!(address(&[], ["Boston", "", ""]).printed(), ["Boston"]);
        assert!(Address::default().printed().is_empty());
    }
}
