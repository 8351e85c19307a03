use super::printed;
use super::text::free_text;
use crate::Result;
use crate::documents::{Pdf, Share};
use crate::domain::sharing::SentWith;
use crate::domain::statement::{Movement, MovementKind};
use crate::ops::get_statement::{Period, ShownStatement, StatementAsked};
use crate::store::shared_documents::{Of, SharedDocument, Shown};
use ::rpc::{Invalid, parse, wire};
use bytes::Bytes;
use ids::{BillId, PracticeId};
use proto::billing::v1 as contract;
use proto::google::api::HttpBody;
use proto::google::r#type::Date;
use proto::portal_auth::v1::{RevealAccessCodeRequest, RevealAccessCodeResponse};

/// Which days a statement is asked for. Errors: INVALID_FIELD.
fn period(from_date: Option<Date>, to_date: Option<Date>) -> Result<Period> {
    let date =
        |date: Option<Date>, field| date.map(|date| parse::date(Some(date), field)).transpose();
    Ok(Period {
        from: date(from_date, "from_date")?,
        to: date(to_date, "to_date")?,
    })
}

/// What a statement is asked for. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn statement_asked(
    dates: (Option<Date>, Option<Date>),
    comments: String,
) -> Result<StatementAsked> {
    Ok(StatementAsked {
        period: period(dates.0, dates.1)?,
        comments: free_text(comments, "comments")?,
    })
}

/// A statement as data. Errors: none while amounts are not at the end of what 64 bits hold.
pub fn statement(shown: ShownStatement) -> Result<contract::GetStatementResponse> {
    let ShownStatement {
        statement,
        facts,
        document,
    } = shown;
    let sum = |kind| -> Result<_> { Ok(Some(wire::money(statement.sum(kind)?))) };
    let totals = contract::StatementTotals {
        billed: sum(MovementKind::Charge)?,
        insurance: sum(MovementKind::Insurance)?,
        adjustments: sum(MovementKind::Adjustment)?,
        paid: sum(MovementKind::Payment)?,
        credits: sum(MovementKind::Credit)?,
        refunds: sum(MovementKind::Refund)?,
        brought: sum(MovementKind::Brought)?,
    };
    Ok(contract::GetStatementResponse {
        opening_balance: Some(wire::money(statement.opening)),
        movements: statement.movements.iter().map(movement).collect(),
        closing_balance: Some(wire::money(statement.closing)),
        totals: Some(totals),
        balance: Some(printed::balance(&document.standing)),
        from_date: Some(wire::date(facts.from_date)),
        to_date: Some(wire::date(facts.to_date)),
        client_name: facts.client,
        prepared_for: Some(printed::party(facts.prepared_for)),
        letterhead: Some(printed::letterhead(facts.letterhead)),
        comments: facts.comments.unwrap_or_default(),
    })
}

fn movement(movement: &Movement) -> contract::StatementMovement {
    let change = &movement.change;
    contract::StatementMovement {
        date: Some(wire::date(change.date)),
        description: change.occasion.to_string(),
        amount: Some(wire::money(change.amount)),
        balance: Some(wire::money(movement.balance)),
        entry_id: change.entry.to_string(),
        kind: kind(change.occasion.kind()).into(),
    }
}

const fn kind(kind: MovementKind) -> contract::MovementKind {
    match kind {
        MovementKind::Brought => contract::MovementKind::Brought,
        MovementKind::Charge => contract::MovementKind::Charge,
        MovementKind::Insurance => contract::MovementKind::Insurance,
        MovementKind::Adjustment => contract::MovementKind::Adjustment,
        MovementKind::Payment => contract::MovementKind::Payment,
        MovementKind::Credit => contract::MovementKind::Credit,
        MovementKind::Refund => contract::MovementKind::Refund,
    }
}

/// Whose documents are listed. Errors: INVALID_FIELD.
pub fn documents_of(bill_id: &str, client_id: &str) -> Result<Of> {
    let bill = parse::optional(bill_id, "bill_id")?;
    match (bill, parse::optional(client_id, "client_id")?) {
        (Some(bill), None) => Ok(Of::Bill(bill)),
        (None, Some(client)) => Ok(Of::Client(client)),
        (Some(_), Some(_)) | (None, None) => {
            Err(Invalid::new("bill_id", "or client_id must be given, and not both").into())
        }
    }
}

/// What a document went out with, which is how it is named. Errors: INVALID_FIELD.
pub fn sent_with(share_id: &str) -> Result<SentWith> {
    match share_id.parse() {
        Ok(message) => Ok(SentWith::Mail(message)),
        Err(_not_a_mail) => Ok(SentWith::Share(parse(share_id, "share_id")?)),
    }
}

/// A document that was sent.
#[must_use]
pub fn shared(document: SharedDocument) -> contract::SharedDocument {
    let (bill_id, payment_id) = match document.shows {
        Shown::Bill(bill) => (bill.to_string(), String::new()),
        Shown::Payment(payment) => (String::new(), payment.to_string()),
    };
    contract::SharedDocument {
        share_id: document.sent_with.to_string(),
        bill_id,
        payment_id,
        file_name: document.file_name,
        size_bytes: document.size_bytes,
        sha256: document
            .sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        create_time: Some(wire::time(document.create_time)),
        replaced: document.replaced,
    }
}

/// The hash of a file, which the contract has checked; none is any. Errors: INVALID_FIELD.
pub fn sha256(digits: &str) -> Result<Option<Vec<u8>>> {
    let pairs = digits.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Option<Vec<u8>> = bytes.collect();
    let bytes = bytes.ok_or_else(|| Invalid::new("sha256", "must be 64 hexadecimal digits"))?;
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}

/// How many bytes of a PDF a message of a stream holds: a flow-control window of the gateway.
const PIECE_BYTES: usize = 64 * 1024;

/// A PDF in pieces, each as a body; the bytes are not copied.
#[must_use]
pub fn pieces(pdf: Pdf) -> Vec<HttpBody> {
    let whole = Bytes::from(pdf.bytes);
    let starts = (0..whole.len()).step_by(PIECE_BYTES);
    starts
        .map(|start| piece(whole.slice(start..whole.len().min(start + PIECE_BYTES))))
        .collect()
}

/// A PDF as the body of an answer.
#[must_use]
pub fn body(pdf: Pdf) -> HttpBody {
    piece(pdf.bytes.into())
}

fn piece(data: Bytes) -> HttpBody {
    HttpBody {
        content_type: "application/pdf".to_owned(),
        data,
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
    fn a_large_document_goes_in_pieces_that_are_the_whole() {
        for length in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES] {
            let bytes: Vec<u8> = (0_u8..251).cycle().take(length).collect();
            let pdf = Pdf {
                file_name: "Statement.pdf".to_owned(),
                bytes: bytes.clone(),
            };
            let pieces = pieces(pdf);
            assert_eq!(pieces.len(), length.div_ceil(PIECE_BYTES));
            assert!(pieces.iter().all(|piece| piece.data.len() <= PIECE_BYTES));
            let whole: Vec<u8> = pieces
                .iter()
                .flat_map(|piece| piece.data.to_vec())
                .collect();
            assert_eq!(whole, bytes);
        }
    }

    #[test]
    fn no_code_is_no_share() {
        assert_eq!(share(revealed(""), "https://pay.example"), None);
    }
}
