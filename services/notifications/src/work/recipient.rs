//! Whom a mail goes to, as billing and portal-auth know them when it is sent.

use super::gather::Gather;
use super::trouble::Trouble;
use crate::domain::card::{Audience, CardNews};
use crate::domain::letter::Letter;
use crate::domain::message::{NewMessage, Particulars};
use crate::domain::practice::Practice;
use ids::ContactId;
use lettre::Address;
use proto::billing::v1::ClientPeople;

const HAS_RECEIPT: &str = "whoever gets the bills has the receipt";
const NO_ADDRESS: &str = "there is no e-mail address to send it to";

impl Gather<'_> {
    /// Whom a mail goes to: the practice, somebody it names, or else the billing contact.
    pub(super) async fn recipient(
        &self,
        message: &NewMessage,
        practice: &Practice,
    ) -> Result<Address, Trouble> {
        let audience = audience(&message.particulars);
        let address = match audience {
            Some(Audience::Practice) => practice.email.trim().to_owned(),
            Some(whose @ (Audience::Client | Audience::Contact(_))) => {
                let found = self.people(message.client()?).await?;
                let contact = match whose {
                    Audience::Contact(contact) => Some(contact),
                    Audience::Client | Audience::Practice => None,
                };
                let own = own_address(&found, contact);
                let receipt = matches!(message.particulars, Particulars::Receipt { .. });
                if receipt && own.is_empty() {
                    return Err(Trouble::Needless(NO_ADDRESS.to_owned()));
                }
                if receipt && is_told(&found, &own) {
                    return Err(Trouble::Needless(HAS_RECEIPT.to_owned()));
                }
                if own.is_empty() && stands_in(&message.particulars, whose) {
                    address(&found).unwrap_or_default().to_owned()
                } else {
                    own
                }
            }
            None => {
                let found = self.people(message.client()?).await?;
                address(&found).unwrap_or_default().to_owned()
            }
        };
        if address.is_empty() {
            return Err(Trouble::Never(NO_ADDRESS.to_owned()));
        }
        address
            .parse()
            .map_err(|_| Trouble::Never("the e-mail address is not one".to_owned()))
    }

    /// Only a payer can do something about it.
    pub(super) fn card(&self, news: &CardNews) -> Letter {
        let base = &self.notifications.pay_page_url;
        let link = match news {
            CardNews::FormAsked { authorization, .. } => {
                let form = format!("{base}/card-authorization/{authorization}");
                Some(("Add a card and sign", form))
            }
            CardNews::Ending {
                to: Audience::Client | Audience::Contact(_),
                ..
            } => Some(("Replace the card", format!("{base}/account/methods"))),
            CardNews::Ending { .. } | CardNews::Added { .. } | CardNews::FormSigned { .. } => None,
        };
        let news = news.clone();
        Letter::Card { news, link }
    }
}

/// Whom a mail names; none: whoever gets the bills.
pub(super) const fn audience(particulars: &Particulars) -> Option<Audience> {
    match particulars {
        Particulars::Card { news } => Some(news.audience()),
        Particulars::Dispute { .. }
        | Particulars::RefundReturned { .. }
        | Particulars::UnattendedDecline { .. }
        | Particulars::PayoutFailed { .. }
        | Particulars::ProcessorAccount { .. }
        | Particulars::AutoPayRun { .. } => Some(Audience::Practice),
        Particulars::ChargeMoved { to, .. } => Some(*to),
        Particulars::UpcomingCharge { to, .. }
        | Particulars::Decline { to, .. }
        | Particulars::Receipt { to, .. }
        | Particulars::Refund { to, .. } => *to,
        Particulars::Bill { .. }
        | Particulars::AccessCode { .. }
        | Particulars::Adjustment { .. }
        | Particulars::Superbill { .. } => None,
    }
}

/// Whether whoever gets the bills is told in the place of a payer without an address: of what was declined and given back
/// always, of a charge to come only in the client's place.
const fn stands_in(particulars: &Particulars, whose: Audience) -> bool {
    match particulars {
        Particulars::Decline { .. } | Particulars::Refund { .. } => true,
        Particulars::UpcomingCharge { .. } | Particulars::ChargeMoved { .. } => {
            matches!(whose, Audience::Client)
        }
        Particulars::Bill { .. }
        | Particulars::Receipt { .. }
        | Particulars::Card { .. }
        | Particulars::AccessCode { .. }
        | Particulars::Adjustment { .. }
        | Particulars::Superbill { .. }
        | Particulars::Dispute { .. }
        | Particulars::RefundReturned { .. }
        | Particulars::UnattendedDecline { .. }
        | Particulars::PayoutFailed { .. }
        | Particulars::AutoPayRun { .. }
        | Particulars::ProcessorAccount { .. } => false,
    }
}

/// Whether a payer's own receipt would be the second at the same address as that of whoever gets the bills.
fn is_told(found: &ClientPeople, own: &str) -> bool {
    address(found).is_some_and(|theirs| theirs.eq_ignore_ascii_case(own))
}

/// The client's own address, or the contact's.
fn own_address(found: &ClientPeople, contact: Option<ContactId>) -> String {
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
fn address(found: &ClientPeople) -> Option<&str> {
    let client = found.client.as_ref()?;
    let contact = found
        .contacts
        .iter()
        .find(|contact| contact.billing_contact || contact.contact_id == client.billing_contact_id);
    let address = contact.map_or(client.email.as_str(), |contact| contact.email.as_str());
    Some(address.trim()).filter(|address| !address.is_empty())
}
