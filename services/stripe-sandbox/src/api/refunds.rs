use super::Answer;
use super::paging::Page;
use crate::book::Act;
use crate::book::refunds::{self, NewRefund};
use crate::metadata::{Metadata, MetadataChange};
use crate::params::{ParamError, Params};
use crate::shape;

const REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer"];

/// `POST /v1/refunds`
pub fn create(act: &mut Act<'_>, mut params: Params) -> Answer {
    let amount = params.integer("amount")?;
    if amount.is_some_and(|amount| amount < 1) {
        return Err(ParamError::TooSmall {
            name: "amount".to_owned(),
            least: 1,
        }
        .into());
    }
    let mut metadata = Metadata::new();
    if let Some(change) = params.metadata()? {
        change.apply(&mut metadata)?;
    }
    let new = NewRefund {
        charge: params.text("charge")?,
        intent: params.text("payment_intent")?,
        amount,
        reason: params.one_of("reason", REASONS)?,
        metadata,
    };
    params.finish()?;
    Ok(shape::refund(&refunds::create(act, new)?))
}

/// `GET /v1/refunds/:id`
pub fn retrieve(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::refund(&refunds::existing(act, id)?))
}

/// `POST /v1/refunds/:id`: metadata only.
pub fn update(act: &mut Act<'_>, id: &str, mut params: Params) -> Answer {
    let change = params
        .metadata()?
        .unwrap_or(MetadataChange::Merge(Metadata::new()));
    params.finish()?;
    Ok(shape::refund(&refunds::update(act, id, &change)?))
}

/// `GET /v1/refunds`
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    let page = Page::read(&mut params)?;
    let charge = params.text("charge")?;
    let intent = params.text("payment_intent")?;
    params.finish()?;
    let matches = |wanted: &Option<String>, value: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted == value)
    };
    page.of(
        "/v1/refunds",
        &act.book.refunds,
        |refund| matches(&charge, &refund.charge) && matches(&intent, &refund.intent),
        shape::refund,
    )
}
