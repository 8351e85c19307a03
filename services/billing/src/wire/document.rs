use crate::Result;
use crate::documents::Share;
use crate::domain::statement::{Movement, Statement};
use crate::ops::get_statement::Period;
use crate::ops::letter::Pdf;
use ::rpc::{parse, wire};
use ids::{BillId, PracticeId};
use proto::billing::v1 as contract;
use proto::google::api::HttpBody;
use proto::google::r#type::Date;
use proto::portal_auth::v1::{RevealAccessCodeRequest, RevealAccessCodeResponse};

/// Which days a statement is asked for. Errors: INVALID_FIELD.
pub fn period(from_date: Option<Date>, to_date: Option<Date>) -> Result<Period> {
    let date =
        |date: Option<Date>, field| date.map(|date| parse::date(Some(date), field)).transpose();
    Ok(Period {
        from: date(from_date, "from_date")?,
        to: date(to_date, "to_date")?,
    })
}

/// A statement as data.
#[must_use]
pub fn statement(statement: &Statement) -> contract::GetStatementResponse {
    contract::GetStatementResponse {
        opening_balance: Some(wire::money(statement.opening)),
        movements: statement.movements.iter().map(movement).collect(),
        closing_balance: Some(wire::money(statement.closing)),
    }
}

fn movement(movement: &Movement) -> contract::StatementMovement {
    contract::StatementMovement {
        date: Some(wire::date(movement.change.date)),
        description: movement.change.occasion.to_string(),
        amount: Some(wire::money(movement.change.amount)),
        balance: Some(wire::money(movement.balance)),
        entry_id: movement.change.entry.to_string(),
    }
}

/// A PDF as the body of an answer.
#[must_use]
pub fn body(pdf: Pdf) -> HttpBody {
    HttpBody {
        content_type: "application/pdf".to_owned(),
        data: pdf.bytes.into(),
        extensions: Vec::new(),
    }
}

/// Asks portal-auth for a bill's live code.
#[must_use]
pub fn reveal_access_code(practice: PracticeId, bill: BillId) -> RevealAccessCodeRequest {
    RevealAccessCodeRequest {
        practice_id: practice.to_string(),
        bill_id: bill.to_string(),
    }
}

/// The code with its pay link, when it is a live one, as notifications' mails have it. The link's token stands after
/// the `#`, which browsers do not send: it is in no server's log.
#[must_use]
pub fn share(revealed: RevealAccessCodeResponse, pay_page_url: &str) -> Option<Share> {
    let RevealAccessCodeResponse {
        access_code,
        link_token,
        reference,
    } = revealed;
    let address = format!("{}/pay", pay_page_url.trim_end_matches('/'));
    Some(access_code)
        .filter(|code| !code.is_empty())
        .map(|access_code| Share {
            access_code,
            link: format!("{address}/{reference}#{link_token}"),
            address,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revealed(access_code: &str) -> RevealAccessCodeResponse {
        RevealAccessCodeResponse {
            access_code: access_code.to_owned(),
            link_token: "5y".to_owned(),
            reference: "K7M2-9QXD".to_owned(),
        }
    }

    #[test]
    fn a_live_code_comes_with_its_link() {
        let share = share(revealed("402918"), "https://pay.example/").expect("a live code");
        assert_eq!(share.link, "https://pay.example/pay/K7M2-9QXD#5y");
        assert_eq!(share.address, "https://pay.example/pay");
    }

    #[test]
    fn no_code_is_no_share() {
        assert_eq!(share(revealed(""), "https://pay.example"), None);
    }
}
