use crate::Result;
use crate::domain::fee::Service;
use crate::domain::missed::{Charge, MissedSessionPolicy};
use crate::domain::timeline::Timeline;
use crate::ops::add_service::AddService;
use crate::ops::assign_sliding_scale::AssignSlidingScale;
use crate::ops::set_service_price::SetServicePrice;
use crate::store::client_rates::ClientRate;
use crate::store::sliding_scales::{Assignment, Tier};
use crate::wire::line::one_line;
use crate::wire::session::place;
use crate::wire::text::free_text;
use ::rpc::{Invalid, parse, wire};
use ids::{ClientId, PracticeId};
use jiff::civil::Date;
use pg::Page;
use proto::billing::v1 as contract;
use proto::billing::v1::missed_session_charge::Charge as ChargeKind;
use proto::google::r#type::Date as WireDate;
use std::collections::BTreeSet;

/// A day that may be left out. Errors: INVALID_FIELD.
pub fn day(date: Option<WireDate>, field: &str) -> Result<Option<Date>, Invalid> {
    date.map(|date| parse::date(Some(date), field)).transpose()
}

/// A service that is to be added. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn add_service(practice: PracticeId, asked: contract::AddServiceRequest) -> Result<AddService> {
    Ok(AddService {
        practice,
        service: Service {
            code: asked.service_code,
            description: one_line(asked.description, "description")?,
            modifiers: asked.modifiers,
            place_of_service: place(asked.place_of_service, "place_of_service")?,
            prices: Timeline::default(),
            retire_date: None,
        },
        unit_price: parse::non_negative(asked.unit_price, "unit_price")?,
        effective_date: day(asked.effective_date, "effective_date")?,
    })
}

/// A price that is to hold. Errors: INVALID_FIELD.
pub fn set_service_price(
    practice: PracticeId,
    asked: contract::SetServicePriceRequest,
) -> Result<SetServicePrice> {
    Ok(SetServicePrice {
        practice,
        code: asked.service_code,
        unit_price: parse::non_negative(asked.unit_price, "unit_price")?,
        effective_date: day(asked.effective_date, "effective_date")?,
    })
}

/// A service with its prices, and the one of today.
#[must_use]
pub fn service(service: &Service, today: Date) -> contract::Service {
    let prices = service.prices.iter();
    contract::Service {
        service_code: service.code.clone(),
        description: service.description.clone(),
        modifiers: service.modifiers.clone(),
        place_of_service: service.place_of_service.clone(),
        prices: prices
            .map(|(from, price)| contract::ServicePrice {
                effective_date: Some(wire::date(from)),
                unit_price: Some(wire::money(*price)),
            })
            .collect(),
        unit_price: service.prices.at(today).copied().map(wire::money),
        retire_date: service.retire_date.map(wire::date),
    }
}

/// A page of the catalogue.
#[must_use]
pub fn service_page(page: Page<Service>, today: Date) -> contract::ListServicesResponse {
    let services = page.items.iter();
    contract::ListServicesResponse {
        services: services.map(|one| service(one, today)).collect(),
        next_page_token: page.next_page_token,
    }
}

/// A rate that is to be agreed on. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn set_client_rate(asked: contract::SetClientRateRequest) -> Result<ClientRate> {
    Ok(ClientRate {
        client: parse(&asked.client_id, "client_id")?,
        service_code: asked.service_code,
        effective_date: parse::date(asked.effective_date, "effective_date")?,
        unit_price: Some(parse::non_negative(asked.unit_price, "unit_price")?),
        note: free_text(asked.note, "note")?,
    })
}

/// A rate that is to end. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn end_client_rate(asked: contract::EndClientRateRequest) -> Result<ClientRate> {
    Ok(ClientRate {
        client: parse(&asked.client_id, "client_id")?,
        service_code: asked.service_code,
        effective_date: parse::date(asked.end_date, "end_date")?,
        unit_price: None,
        note: free_text(asked.note, "note")?,
    })
}

/// A client's rate from a day on.
#[must_use]
pub fn client_rate(rate: &ClientRate) -> contract::ClientRate {
    contract::ClientRate {
        client_id: rate.client.to_string(),
        service_code: rate.service_code.clone(),
        effective_date: Some(wire::date(rate.effective_date)),
        unit_price: rate.unit_price.map(wire::money),
        note: rate.note.clone(),
    }
}

/// A scale that is to be. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn tiers(asked: Vec<contract::SlidingScaleTier>) -> Result<Vec<Tier>> {
    let mut names = BTreeSet::new();
    let tier = |(at, tier): (usize, contract::SlidingScaleTier)| {
        let field = |name: &str| format!("tiers[{at}].{name}");
        let name = one_line(tier.name, &field("name"))?;
        if !names.insert(name.clone()) {
            return Err(Invalid::new(field("name"), "must not be named twice").into());
        }
        Ok(Tier {
            name,
            percent: parse(&tier.percent, &field("percent"))?,
        })
    };
    asked.into_iter().enumerate().map(tier).collect()
}

/// A scale, in order.
#[must_use]
pub fn shown_tiers(tiers: &[Tier]) -> Vec<contract::SlidingScaleTier> {
    let shown = |tier: &Tier| contract::SlidingScaleTier {
        name: tier.name.clone(),
        percent: tier.percent.to_string(),
    };
    tiers.iter().map(shown).collect()
}

/// A place on the scale that is to be given. Errors: INVALID_FIELD.
pub fn assign_sliding_scale(
    practice: PracticeId,
    asked: contract::AssignSlidingScaleRequest,
) -> Result<AssignSlidingScale> {
    Ok(AssignSlidingScale {
        practice,
        client: parse(&asked.client_id, "client_id")?,
        tier: Some(asked.tier).filter(|tier| !tier.is_empty()),
        effective_date: parse::date(asked.effective_date, "effective_date")?,
    })
}

/// A client's place on the scale from a day on.
#[must_use]
pub fn assignment(given: &Assignment) -> contract::SlidingScaleAssignment {
    let tier = given.tier.as_ref();
    contract::SlidingScaleAssignment {
        client_id: given.client.to_string(),
        tier: tier.map(|tier| tier.name.clone()).unwrap_or_default(),
        effective_date: Some(wire::date(given.effective_date)),
        percent: tier
            .map(|tier| tier.percent.to_string())
            .unwrap_or_default(),
    }
}

/// A policy that is to hold. Errors: INVALID_FIELD.
pub fn missed_session_policy(
    asked: Option<contract::MissedSessionPolicy>,
) -> Result<MissedSessionPolicy> {
    let asked = parse::required(asked, "policy")?;
    let client = |(at, id): (usize, &String)| -> Result<ClientId, Invalid> {
        parse(id, &format!("policy.exempt_client_ids[{at}]"))
    };
    Ok(MissedSessionPolicy {
        no_show: charge(asked.no_show, "policy.no_show")?,
        late_cancellation: charge(asked.late_cancellation, "policy.late_cancellation")?,
        exempt: asked
            .exempt_client_ids
            .iter()
            .enumerate()
            .map(client)
            .collect::<Result<_, _>>()?,
    })
}

fn charge(asked: Option<contract::MissedSessionCharge>, field: &str) -> Result<Charge, Invalid> {
    match asked.and_then(|asked| asked.charge) {
        None => Ok(Charge::AsRecorded),
        Some(ChargeKind::Amount(amount)) => {
            parse::non_negative(Some(amount), &format!("{field}.amount")).map(Charge::Amount)
        }
        Some(ChargeKind::Percent(percent)) => {
            parse(&percent, &format!("{field}.percent")).map(Charge::Percent)
        }
    }
}

/// The policy.
#[must_use]
pub fn shown_policy(policy: &MissedSessionPolicy) -> contract::MissedSessionPolicy {
    contract::MissedSessionPolicy {
        no_show: Some(shown_charge(policy.no_show)),
        late_cancellation: Some(shown_charge(policy.late_cancellation)),
        exempt_client_ids: policy.exempt.iter().map(ToString::to_string).collect(),
    }
}

fn shown_charge(charge: Charge) -> contract::MissedSessionCharge {
    contract::MissedSessionCharge {
        charge: match charge {
            Charge::AsRecorded => None,
            Charge::Amount(amount) => Some(ChargeKind::Amount(wire::money(amount))),
            Charge::Percent(share) => Some(ChargeKind::Percent(share.to_string())),
        },
    }
}
