//! The mails that the suite sent, as the mail sink keeps them: one `.eml` file each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mail_parser::{Message, MessageParser, MimeHeaders};

const POLL: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(20);

/// The sink's folder.
pub struct Mailbox {
    folder: PathBuf,
}

/// What a guest needs, from the mail that shared a bill.
#[derive(Debug, Clone)]
pub struct SharedBill {
    /// The mail's file.
    pub file: PathBuf,
    /// 6 digits.
    pub access_code: String,
}

impl Mailbox {
    /// The folder may not exist until the first mail arrives.
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The files that are there now.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(&self) -> Result<BTreeSet<PathBuf>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(BTreeSet::new());
            }
            Err(error) => return Err(error.into()),
        };
        let paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<BTreeSet<_>, _>>()?;
        Ok(paths
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect())
    }

    /// A mail about the bill with this Invoice # that is not in `seen`, waiting until one comes.
    ///
    /// # Errors
    /// None came in time.
    pub async fn arrival(&self, reference: &str, seen: &BTreeSet<PathBuf>) -> Result<PathBuf> {
        let begun = Instant::now();
        loop {
            for file in self.files()?.difference(seen) {
                let bytes = std::fs::read(file)?;
                let mail = MessageParser::default().parse(&bytes);
                let text = mail.as_ref().and_then(|mail| mail.body_text(0));
                if text.is_some_and(|text| text.contains(reference)) {
                    return Ok(file.clone());
                }
            }
            if begun.elapsed() > PATIENCE {
                bail!("no mail about {reference} in {}", self.folder.display());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The newest mail that shares the bill with this Invoice #, waiting until one comes that is not in `seen`.
    ///
    /// # Errors
    /// None came in time.
    pub async fn shared_bill(
        &self,
        reference: &str,
        seen: &BTreeSet<PathBuf>,
    ) -> Result<SharedBill> {
        let begun = Instant::now();
        loop {
            for file in self.files()?.difference(seen) {
                if let Some(bill) = read(file, reference)? {
                    return Ok(bill);
                }
            }
            if begun.elapsed() > PATIENCE {
                bail!(
                    "no mail with Invoice # {reference} and its Access Code in {}",
                    self.folder.display()
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn read(file: &Path, reference: &str) -> Result<Option<SharedBill>> {
    let bytes = std::fs::read(file)?;
    let Some(mail) = MessageParser::default().parse(&bytes) else {
        return Ok(None);
    };
    let text = mail.body_text(0).unwrap_or_default();
    if !text.contains(reference) {
        return Ok(None);
    }
    Ok(access_code(&text)
        .filter(|_| carries_pdf(&mail))
        .map(|access_code| SharedBill {
            file: file.to_owned(),
            access_code,
        }))
}

/// The first six digits in a row after the words "Access Code".
fn access_code(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let after = &text[lower.find("access code")?..];
    let words = after.split(|letter: char| !letter.is_ascii_digit());
    words
        .into_iter()
        .find(|digits| digits.len() == 6)
        .map(str::to_owned)
}

fn carries_pdf(mail: &Message<'_>) -> bool {
    mail.attachments().any(|part| {
        let named = part
            .attachment_name()
            .is_some_and(|name| name.ends_with(".pdf"));
        named && part.contents().starts_with(b"%PDF-")
    })
}

#[cfg(test)]
mod tests {
    use super::access_code;

    #[test]
    fn the_code_is_the_six_digits_after_its_name() {
        let text = "Invoice # K7M2-9QXD\nof 20260331\nAccess Code\n  042917\nBoston, MA 02110";
        assert_eq!(access_code(text), Some("042917".to_owned()));
        assert_eq!(access_code("123456 without its name"), None);
    }
}
