use crate::Result;
use crate::domain::terms::{Automation, ClientPart, ClientTerms, Owing, PracticeTerms};
use crate::ops::set_client_terms::SetClientTerms;
use crate::ops::set_practice_terms::SetPracticeTerms;
use crate::wire::bill::rate;
use ::rpc::{Invalid, parse, wire};
use proto::billing::v1 as contract;
use proto::billing::v1::client_terms::ClientPart as Asked;

/// How the practice is to bill. Errors: INVALID_FIELD.
pub fn set_practice_terms(terms: Option<contract::PracticeTerms>) -> Result<SetPracticeTerms> {
    let terms = parse::required(terms, "terms")?;
    let automation = automation(terms.automation());
    let from = terms.automation_from_date;
    Ok(SetPracticeTerms {
        automation: automation.ok_or_else(|| Invalid::new("terms.automation", "must be chosen"))?,
        automation_from: from
            .map(|date| parse::date(Some(date), "terms.automation_from_date"))
            .transpose()?,
        due_days: terms.due_days,
        monthly_superbills: terms.monthly_superbills,
    })
}

/// What is to be otherwise for a client. Errors: INVALID_FIELD, POLICY_REQUIRED.
pub fn set_client_terms(terms: Option<contract::ClientTerms>) -> Result<SetClientTerms> {
    let terms = parse::required(terms, "terms")?;
    let automation = automation(terms.automation());
    let from = terms
        .automation_from_date
        .map(|date| parse::date(Some(date), "terms.automation_from_date"))
        .transpose()?;
    if automation.is_none() && from.is_some() {
        let must = "must be left out without an automation of the client's own";
        return Err(Invalid::new("terms.automation_from_date", must).into());
    }
    Ok(SetClientTerms {
        automation: automation.map(|automation| (automation, from)),
        due_days: terms.due_days,
        monthly_superbills: terms.monthly_superbills,
        owing: owing(terms)?,
    })
}

fn owing(terms: contract::ClientTerms) -> Result<Owing> {
    let policy = parse::optional(&terms.policy_id, "terms.policy_id")?;
    match terms.responsibility() {
        contract::Responsibility::Unspecified | contract::Responsibility::Client => {
            if policy.is_some() || terms.client_part.is_some() {
                let must = "must be insurance with a policy, a co-pay or co-insurance";
                return Err(Invalid::new("terms.responsibility", must).into());
            }
            Ok(Owing::Client)
        }
        contract::Responsibility::Insurance => Ok(Owing::Insurance {
            policy: policy.ok_or(crate::Error::PolicyRequired)?,
            client_part: match terms.client_part {
                None => None,
                Some(Asked::CoPay(co_pay)) => Some(ClientPart::CoPay(parse::non_negative(
                    Some(co_pay),
                    "terms.co_pay",
                )?)),
                Some(Asked::CoInsurancePercent(percent)) => Some(ClientPart::CoInsurance(rate(
                    &percent,
                    "terms.co_insurance_percent",
                )?)),
            },
        }),
    }
}

const fn automation(automation: contract::Automation) -> Option<Automation> {
    match automation {
        contract::Automation::Unspecified => None,
        contract::Automation::ByHand => Some(Automation::ByHand),
        contract::Automation::Daily => Some(Automation::Daily),
        contract::Automation::MonthlyFirstDay => Some(Automation::MonthlyFirstDay),
        contract::Automation::MonthlyLastDay => Some(Automation::MonthlyLastDay),
    }
}

const fn shown_automation(automation: Automation) -> contract::Automation {
    match automation {
        Automation::ByHand => contract::Automation::ByHand,
        Automation::Daily => contract::Automation::Daily,
        Automation::MonthlyFirstDay => contract::Automation::MonthlyFirstDay,
        Automation::MonthlyLastDay => contract::Automation::MonthlyLastDay,
    }
}

/// The practice's terms.
#[must_use]
pub fn practice_terms(terms: &PracticeTerms) -> contract::PracticeTerms {
    contract::PracticeTerms {
        automation: shown_automation(terms.automation).into(),
        automation_from_date: Some(wire::date(terms.automation_from)),
        due_days: terms.due_days,
        update_time: terms.update_time.map(wire::time),
        monthly_superbills: terms.monthly_superbills,
    }
}

/// A client's terms.
#[must_use]
pub fn client_terms(terms: &ClientTerms) -> contract::ClientTerms {
    let mut shown = contract::ClientTerms {
        due_days: terms.due_days,
        responsibility: contract::Responsibility::Client.into(),
        update_time: terms.update_time.map(wire::time),
        monthly_superbills: terms.monthly_superbills,
        ..contract::ClientTerms::default()
    };
    if let Some((automation, from)) = terms.automation {
        shown.automation = shown_automation(automation).into();
        shown.automation_from_date = Some(wire::date(from));
    }
    if let Owing::Insurance {
        policy,
        client_part,
    } = terms.owing
    {
        shown.responsibility = contract::Responsibility::Insurance.into();
        shown.policy_id = policy.to_string();
        shown.client_part = client_part.map(|part| match part {
            ClientPart::CoPay(co_pay) => Asked::CoPay(wire::money(co_pay)),
            ClientPart::CoInsurance(rate) => Asked::CoInsurancePercent(rate.to_string()),
        });
    }
    shown
}
