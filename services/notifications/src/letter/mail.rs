//! A letter as a mail: headers by lettre's typed ones, which encode whatever could begin a new one.

use super::Written;
use crate::domain::practice::{Practice, one_line};
use ids::MessageId;
use jiff::Timestamp;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use std::error::Error;
use std::time::SystemTime;

/// A document that goes with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// `Bill-41.pdf`.
    pub file_name: String,
    /// The PDF.
    pub bytes: Vec<u8>,
}

/// Everything that a mail is made of.
#[derive(Debug)]
pub struct Mail<'a> {
    /// Makes the Message-ID, the same at every attempt.
    pub message: MessageId,
    /// When it is written.
    pub date: Timestamp,
    /// The address it comes from.
    pub sender: &'a Address,
    /// Under whose name, and where replies go.
    pub practice: &'a Practice,
    /// To whom.
    pub recipient: &'a Address,
    /// What it says.
    pub written: Written,
    /// What goes with it.
    pub document: Option<Document>,
}

impl Mail<'_> {
    /// The mail as it is sent.
    ///
    /// # Errors
    /// lettre refuses a part, which does not happen with addresses that were parsed.
    pub fn compose(self) -> Result<Message, lettre::error::Error> {
        let mut message = Message::builder()
            .message_id(Some(format!("<{}@{}>", self.message, self.sender.domain())))
            .date(SystemTime::from(self.date))
            .from(Mailbox::new(
                Some(one_line(&self.practice.name)),
                self.sender.clone(),
            ))
            .to(Mailbox::new(None, self.recipient.clone()))
            .subject(one_line(&self.written.subject))
            .header(AutoSubmitted);
        if let Ok(address) = self.practice.email.trim().parse::<Address>() {
            message = message.reply_to(Mailbox::new(None, address));
        }
        let letter = MultiPart::alternative()
            .singlepart(SinglePart::plain(self.written.text))
            .singlepart(SinglePart::html(self.written.html));
        match self.document {
            None => message.multipart(letter),
            Some(document) => {
                let pdf = ContentType::parse("application/pdf").unwrap_or(ContentType::TEXT_PLAIN);
                let part = Attachment::new(document.file_name).body(document.bytes, pdf);
                message.multipart(MultiPart::mixed().multipart(letter).singlepart(part))
            }
        }
    }
}

/// Written by a machine: nobody's absence notice answers it (RFC 3834).
#[derive(Clone, Copy, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
