//! Who documents are from and to.

use crate::documents::{Address, Letterhead, Logo, PaidBy, Paper, Party, Stationery};
use crate::domain::payment::PaymentKind;
use crate::domain::people::Person;
use crate::store::practices::Practice;
use crate::{Result, store};
use ids::{ClientId, PracticeId};
use money::Currency;
use sqlx::PgConnection;

/// Whom a document is about and to whom it goes.
pub(super) struct Addressed {
    /// The client's name.
    pub(super) client: String,
    /// The billing contact, or the client.
    pub(super) to: Party,
}

/// Errors: CLIENT_NOT_FOUND.
pub(super) async fn addressed(
    conn: &mut PgConnection,
    practice: PracticeId,
    client: ClientId,
) -> Result<Addressed> {
    let client = store::clients::get(conn, practice, client).await?;
    let to = match client.billing_contact {
        Some(contact) => {
            let contact = store::contacts::get(conn, practice, client.client, contact).await?;
            party(&contact.person)
        }
        None => party(&client.person),
    };
    Ok(Addressed {
        client: client.person.full_name(),
        to,
    })
}

pub(super) fn party(person: &Person) -> Party {
    Party {
        name: person.full_name(),
        address: Address::of(person.address.printed()),
    }
}

/// The head of every document of the practice, and the sheet.
pub(super) async fn head(
    conn: &mut PgConnection,
    practice: &Practice,
) -> Result<(Letterhead, Paper)> {
    let stationery = store::letterheads::get(conn, practice.practice).await?;
    let paper = stationery.paper.unwrap_or(paper(practice.currency));
    Ok((letterhead(practice, &stationery), paper))
}

/// A logo without words of its own is read out by the practice's name.
pub(super) fn letterhead(practice: &Practice, stationery: &Stationery) -> Letterhead {
    let said = |text: &String| Some(text.clone()).filter(|text| !text.trim().is_empty());
    let words = |logo: &Logo| {
        said(&logo.alternative_text).unwrap_or_else(|| format!("Logo of {}", practice.name))
    };
    Letterhead {
        practice: practice.name.clone(),
        address: Address::of(practice.address_lines.clone()),
        phone: said(&practice.phone),
        email: said(&practice.email),
        website: said(&stationery.website),
        tax_id: said(&practice.tax_id),
        npi: said(&practice.npi),
        logo: stationery.logo.as_ref().map(|logo| Logo {
            alternative_text: words(logo),
            picture: logo.picture.clone(),
        }),
        footer: said(&stationery.footer),
    }
}

/// Letter where it is the usual sheet, A4 elsewhere; the currency tells where.
fn paper(currency: Currency) -> Paper {
    match currency.code() {
        "USD" | "CAD" | "MXN" | "COP" | "CLP" | "PHP" => Paper::Letter,
        _elsewhere => Paper::A4,
    }
}

/// How a payment was made: in the words it came with, or by its kind.
pub(super) fn paid_by(kind: PaymentKind, method_text: &str) -> PaidBy {
    let words = |words: &str| PaidBy::Other {
        words: words.to_owned(),
    };
    if !method_text.trim().is_empty() {
        return words(method_text);
    }
    match kind {
        PaymentKind::Cash => PaidBy::Cash,
        PaymentKind::Check => PaidBy::Check { number: None },
        PaymentKind::CardElsewhere => PaidBy::CardElsewhere { last_four: None },
        PaymentKind::Card => words("Card"),
        PaymentKind::BankDebit => words("Bank debit"),
        PaymentKind::BankElsewhere => words("Bank transfer"),
        PaymentKind::Other => words("Other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_told_in_its_own_words_or_by_its_kind() {
        let visa = paid_by(PaymentKind::Card, "Visa ending in 4242");
        assert_eq!(visa.to_string(), "Visa ending in 4242");
        for (kind, words) in [
            (PaymentKind::Card, "Card"),
            (PaymentKind::BankDebit, "Bank debit"),
            (PaymentKind::Cash, "Cash"),
            (PaymentKind::Check, "Check"),
            (PaymentKind::CardElsewhere, "Card"),
            (PaymentKind::BankElsewhere, "Bank transfer"),
            (PaymentKind::Other, "Other"),
        ] {
            assert_eq!(paid_by(kind, "").to_string(), words);
        }
    }

    #[test]
    fn an_american_bill_is_on_letter_paper() {
        assert_eq!(paper(Currency::USD), Paper::Letter);
        assert_eq!(paper(Currency::EUR), Paper::A4);
    }
}
