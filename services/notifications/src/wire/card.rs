//! What payments says of cards and bank accounts on file.

use super::event::Draft;
use crate::domain::card::{Audience, CardNews};
use crate::domain::message::Particulars;
use ::rpc::{Invalid, parse};
use ids::{ClientId, ContactId};
use proto::payments::v1 as payments;

/// The practice hears of a method that came on file. Errors: the event lacks an id.
pub fn method_added(event: payments::MethodAdded) -> Result<Draft, Invalid> {
    let method = parse::required(event.method, "method")?;
    let news = CardNews::Added {
        method: parse(&method.method_id, "method.method_id")?,
        method_text: method.method_text,
    };
    let client = parse(&method.client_id, "method.client_id")?;
    Ok((client, Particulars::Card { news }))
}

/// Payer and practice hear of a card that ends soon. Errors: the event lacks an id or the date.
pub fn method_expiring(event: payments::MethodExpiring) -> Result<[Draft; 2], Invalid> {
    let method = parse::required(event.method, "method")?;
    let contact: Option<ContactId> = parse::optional(&method.contact_id, "method.contact_id")?;
    let payer = contact.map_or(Audience::Client, Audience::Contact);
    let client: ClientId = parse(&method.client_id, "method.client_id")?;
    let (id, end_date) = (
        parse(&method.method_id, "method.method_id")?,
        parse::date(method.end_date, "method.end_date")?,
    );
    let draft = |to| {
        let news = CardNews::Ending {
            method: id,
            method_text: method.method_text.clone(),
            end_date,
            to,
        };
        (client, Particulars::Card { news })
    };
    Ok([draft(payer), draft(Audience::Practice)])
}

/// A payer is asked for a card. Errors: the event lacks an id.
pub fn card_asked_for(event: payments::CardAuthorizationRequested) -> Result<Draft, Invalid> {
    let contact: Option<ContactId> = parse::optional(&event.contact_id, "contact_id")?;
    let news = CardNews::FormAsked {
        authorization: parse(&event.authorization_id, "authorization_id")?,
        reminder: event.reminder,
        to: contact.map_or(Audience::Client, Audience::Contact),
        new_account: event.new_account,
    };
    Ok((
        parse(&event.client_id, "client_id")?,
        Particulars::Card { news },
    ))
}

/// The practice hears that a form was signed. Errors: the event lacks an id.
pub fn card_form_signed(event: payments::CardAuthorizationSigned) -> Result<Draft, Invalid> {
    let news = CardNews::FormSigned {
        authorization: parse(&event.authorization_id, "authorization_id")?,
        method_text: event.method_text,
    };
    Ok((
        parse(&event.client_id, "client_id")?,
        Particulars::Card { news },
    ))
}
