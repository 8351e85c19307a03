//! Puts a letter into words: HTML from MJML, and the same in plain text. Whatever stands in a letter is escaped for HTML by
//! the templates' file names; mrml keeps entities as they are.

mod mail;
mod notice;
mod page;

pub use mail::{Document, Mail};

use crate::domain::letter::Letter;
use crate::domain::practice::Practice;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use mrml::prelude::render::RenderOptions;
use std::collections::HashMap;

/// A letter in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// A whole page that loads nothing from elsewhere.
    pub html: String,
    /// The same in plain text.
    pub text: String,
}

/// Why a letter could not be written: a fault of a template, not of the letter.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// minijinja's.
    #[error("a template failed: {0:#}")]
    Template(#[from] minijinja::Error),
    /// mrml does not read what the template made.
    #[error("a template made no MJML: {0}")]
    Mjml(String),
    /// mrml's.
    #[error("MJML could not be rendered: {0}")]
    Render(String),
}

/// Name and text of every template.
const SOURCES: [(&str, &str); 27] = [
    ("layout.mjml", include_str!("../../templates/layout.mjml")),
    ("parts.mjml", include_str!("../../templates/parts.mjml")),
    ("bill.mjml", include_str!("../../templates/bill.mjml")),
    (
        "nothing_due.mjml",
        include_str!("../../templates/nothing_due.mjml"),
    ),
    (
        "access_code.mjml",
        include_str!("../../templates/access_code.mjml"),
    ),
    (
        "adjustment.mjml",
        include_str!("../../templates/adjustment.mjml"),
    ),
    ("receipt.mjml", include_str!("../../templates/receipt.mjml")),
    ("refund.mjml", include_str!("../../templates/refund.mjml")),
    ("decline.mjml", include_str!("../../templates/decline.mjml")),
    ("card.mjml", include_str!("../../templates/card.mjml")),
    ("card.txt", include_str!("../../templates/card.txt")),
    (
        "upcoming_charge.mjml",
        include_str!("../../templates/upcoming_charge.mjml"),
    ),
    (
        "upcoming_charge.txt",
        include_str!("../../templates/upcoming_charge.txt"),
    ),
    (
        "charge_moved.mjml",
        include_str!("../../templates/charge_moved.mjml"),
    ),
    (
        "charge_moved.txt",
        include_str!("../../templates/charge_moved.txt"),
    ),
    (
        "superbill.mjml",
        include_str!("../../templates/superbill.mjml"),
    ),
    (
        "superbill.txt",
        include_str!("../../templates/superbill.txt"),
    ),
    ("notice.mjml", include_str!("../../templates/notice.mjml")),
    ("notice.txt", include_str!("../../templates/notice.txt")),
    ("layout.txt", include_str!("../../templates/layout.txt")),
    ("bill.txt", include_str!("../../templates/bill.txt")),
    (
        "nothing_due.txt",
        include_str!("../../templates/nothing_due.txt"),
    ),
    (
        "access_code.txt",
        include_str!("../../templates/access_code.txt"),
    ),
    (
        "adjustment.txt",
        include_str!("../../templates/adjustment.txt"),
    ),
    ("receipt.txt", include_str!("../../templates/receipt.txt")),
    ("refund.txt", include_str!("../../templates/refund.txt")),
    ("decline.txt", include_str!("../../templates/decline.txt")),
];

/// The templates of all letters, read once.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Reads the templates that are built in.
    ///
    /// # Errors
    /// One is not well-formed.
    pub fn load() -> Result<Self, LetterError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".txt") {
                AutoEscape::None
            } else {
                AutoEscape::Html
            }
        });
        for (name, source) in SOURCES {
            environment.add_template(name, source)?;
        }
        Ok(Self(environment))
    }

    /// Writes a letter of a practice.
    ///
    /// # Errors
    /// A template asks for what the letter does not have.
    pub fn write(&self, letter: &Letter, practice: &Practice) -> Result<Written, LetterError> {
        let kind = match letter {
            Letter::Bill { .. } => "bill",
            Letter::NothingDue { .. } => "nothing_due",
            Letter::AccessCode { .. } => "access_code",
            Letter::Adjusted(_) => "adjustment",
            Letter::Receipt { .. } => "receipt",
            Letter::Refund { .. } => "refund",
            Letter::Decline { .. } => "decline",
            Letter::Card { .. } => "card",
            Letter::UpcomingCharge { .. } => "upcoming_charge",
            Letter::Superbill { .. } => "superbill",
            Letter::ChargeMoved { .. } => "charge_moved",
            Letter::Dispute { .. }
            | Letter::RefundReturned { .. }
            | Letter::UnattendedDecline { .. }
            | Letter::PayoutFailed { .. }
            | Letter::ProcessorAccount { .. }
            | Letter::AutoPayRun { .. } => "notice",
        };
        let page = page::of(letter, practice);
        let text = self
            .0
            .get_template(&format!("{kind}.txt"))?
            .render(page.context.clone())?;
        let mjml = self
            .0
            .get_template(&format!("{kind}.mjml"))?
            .render(page.context)?;
        Ok(Written {
            subject: page.subject,
            html: html(&mjml)?,
            text: tidied(&text),
        })
    }
}

fn html(mjml: &str) -> Result<String, LetterError> {
    let parsed = mrml::parse(mjml).map_err(|error| LetterError::Mjml(error.to_string()))?;
    // No fonts from elsewhere: opening a mail tells nobody.
    let options = RenderOptions {
        fonts: HashMap::new(),
        ..RenderOptions::default()
    };
    parsed
        .element
        .render(&options)
        .map_err(|error| LetterError::Render(error.to_string()))
}

/// Without spaces at ends of lines, and with at most one empty line in a row.
fn tidied(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 1;
    for line in text.trim().lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
}
