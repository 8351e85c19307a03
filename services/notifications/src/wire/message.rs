use crate::domain::message::{Kind, Message, State};
use crate::store::messages::{MessageFacts, MessageFilter};
use ::rpc::{Invalid, parse};
use pg::Page;
use proto::notifications::v1 as notifications;

/// What the request filters by. Errors: INVALID_FIELD.
pub fn message_filter(
    request: &notifications::ListMessagesRequest,
) -> Result<MessageFilter, Invalid> {
    let state = match request.state() {
        notifications::MessageState::Unspecified => None,
        notifications::MessageState::Queued => Some(State::Queued),
        notifications::MessageState::Sent => Some(State::Sent),
        notifications::MessageState::Failed => Some(State::Failed),
        notifications::MessageState::Skipped => Some(State::Skipped),
    };
    Ok(MessageFilter {
        client: parse::optional(&request.client_id, "client_id")?,
        state,
    })
}

/// A page as the API shows it.
pub fn message_page(page: Page<Message>) -> notifications::ListMessagesResponse {
    notifications::ListMessagesResponse {
        messages: page.items.into_iter().map(message).collect(),
        next_page_token: page.next_page_token,
    }
}

fn message(message: Message) -> notifications::Message {
    let kind = match message.kind {
        Kind::Bill => notifications::MessageKind::Bill,
        Kind::Receipt => notifications::MessageKind::Receipt,
        Kind::Refund => notifications::MessageKind::Refund,
        Kind::Decline => notifications::MessageKind::Decline,
        Kind::AccessCode => notifications::MessageKind::AccessCode,
        Kind::Adjustment => notifications::MessageKind::Adjustment,
        Kind::Card => notifications::MessageKind::CardOnFile,
        Kind::UpcomingCharge => notifications::MessageKind::UpcomingCharge,
        Kind::Superbill => notifications::MessageKind::Superbill,
        Kind::Dispute => notifications::MessageKind::Dispute,
        Kind::RefundReturned => notifications::MessageKind::RefundReturned,
        Kind::ChargeMoved => notifications::MessageKind::ChargeMoved,
        Kind::UnattendedDecline => notifications::MessageKind::UnattendedDecline,
        Kind::AutoPayRun => notifications::MessageKind::AutoPayRun,
        Kind::PayoutFailed => notifications::MessageKind::PayoutFailed,
        Kind::ProcessorAccount => notifications::MessageKind::ProcessorAccount,
    };
    let state = match message.state {
        State::Queued => notifications::MessageState::Queued,
        State::Sent => notifications::MessageState::Sent,
        State::Failed => notifications::MessageState::Failed,
        State::Skipped => notifications::MessageState::Skipped,
    };
    notifications::Message {
        message_id: message.message_id.to_string(),
        kind: kind.into(),
        state: state.into(),
        recipient: message.recipient,
        subject: message.subject,
        client_id: shown(message.client),
        bill_id: shown(message.bill),
        payment_id: shown(message.payment),
        attempts: message.attempts,
        last_error: message.last_error,
        create_time: Some(::rpc::wire::time(message.create_time)),
        send_time: message.send_time.map(::rpc::wire::time),
    }
}

/// The event of a mail that the server took.
pub fn message_sent(facts: &MessageFacts) -> notifications::MessageSent {
    notifications::MessageSent {
        message_id: facts.message.to_string(),
        bill_id: shown(facts.bill),
        payment_id: shown(facts.payment),
    }
}

fn shown(id: Option<impl ToString>) -> String {
    id.map_or_else(String::new, |id| id.to_string())
}
