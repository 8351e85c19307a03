use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Semaphore;
use typst::foundations::{Bytes, Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, Timestamp};

use crate::glyphs::Care;
use crate::limits::{INPUT_LIMIT_BYTES, MEMORY_AGE_DOCUMENTS, PAGE_LIMIT, QUEUE_LIMIT};
use crate::press::Press;
use crate::sheet::Sheet;
use crate::{Identity, Picture, TypesetError};

/// Sets documents from a fixed set of templates. Build one per process (about
/// 30 ms); clones share it. A font is read when a document needs it.
#[derive(Clone)]
pub struct Typesetter {
    press: Arc<Press>,
    places: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

impl Typesetter {
    /// A typesetter for `templates`, given as (file name, Typst source). Templates
    /// import each other by name: `#import "practice.typ"`.
    ///
    /// Fonts are Typst's own (Libertinus Serif, New Computer Modern, DejaVu Sans Mono) and
    /// those of `fonts/`, which have the scripts of the world; a template finds their
    /// families in `/scripts.json`. What no font has is printed as □.
    ///
    /// # Errors
    /// [`TypesetError::BadTemplateName`].
    pub fn new(templates: &[(&str, &str)]) -> Result<Self, TypesetError> {
        Self::with_fonts(templates, &[])
    }

    /// As [`new`](Self::new), with further OpenType fonts that are taken for
    /// characters that all others lack.
    ///
    /// # Errors
    /// [`TypesetError::BadTemplateName`], [`TypesetError::BadFont`].
    pub fn with_fonts(
        templates: &[(&str, &str)],
        fonts: &[&'static [u8]],
    ) -> Result<Self, TypesetError> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Ok(Self {
            press: Arc::new(Press::build(templates, fonts)?),
            places: Arc::new(Semaphore::new(QUEUE_LIMIT)),
            cores: Arc::new(Semaphore::new(cores)),
        })
    }

    /// Sets `template` with `inputs` and returns the PDF. The same arguments give the
    /// same bytes. This is work for a processor core, some ten milliseconds a page:
    /// async code calls [`queue`](Self::queue).
    ///
    /// # Errors
    /// Every [`TypesetError`] but `Busy` and `Stopped`.
    pub fn pdf(
        &self,
        template: &str,
        inputs: &impl Serialize,
        identity: &Identity,
    ) -> Result<Vec<u8>, TypesetError> {
        self.press
            .set((template, identity), serde_json::to_value(inputs)?, None)
    }

    /// As [`pdf`](Self::pdf), on a blocking thread and on at most as many as there
    /// are cores. Dropping the future before its turn takes it out of the queue.
    ///
    /// # Errors
    /// Every [`TypesetError`].
    pub async fn queue(
        &self,
        template: &str,
        inputs: &impl Serialize,
        identity: &Identity,
    ) -> Result<Vec<u8>, TypesetError> {
        self.queue_with(template, inputs, identity, None).await
    }

    /// As [`queue`](Self::queue), with a picture that the template finds under its kind's
    /// [`file_name`](crate::PictureKind::file_name).
    ///
    /// # Errors
    /// Every [`TypesetError`].
    pub async fn queue_with(
        &self,
        template: &str,
        inputs: &impl Serialize,
        identity: &Identity,
        picture: Option<&Picture>,
    ) -> Result<Vec<u8>, TypesetError> {
        let inputs = serde_json::to_value(inputs)?;
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| TypesetError::Busy)?;
        let core = Arc::clone(&self.cores)
            .acquire_owned()
            .await
            .map_err(|_| TypesetError::Stopped)?;
        let (press, template) = (Arc::clone(&self.press), template.to_owned());
        let (identity, picture) = (identity.clone(), picture.cloned());
        // The permits go with the work: a dropped future does not free a busy core.
        let work = tokio::task::spawn_blocking(move || {
            let _permits = (place, core);
            press.set((&template, &identity), inputs, picture.as_ref())
        });
        work.await.map_err(|_| TypesetError::Stopped)?
    }
}

impl Press {
    fn set(
        &self,
        (template, identity): (&str, &Identity),
        mut inputs: Value,
        picture: Option<&Picture>,
    ) -> Result<Vec<u8>, TypesetError> {
        let mut missing = self.glyphs.make_printable(&mut inputs, Care::Everything);
        let mut set = self.set_printable((template, identity), &inputs, picture);
        if matches!(set, Err(Stop::Standard(_))) {
            missing += self.glyphs.make_printable(&mut inputs, Care::Letters);
            set = self.set_printable((template, identity), &inputs, picture);
        }
        if missing > 0 {
            tracing::warn!(
                template,
                missing,
                "characters that no font has were replaced"
            );
        }
        comemo::evict(MEMORY_AGE_DOCUMENTS);
        set.map_err(|stop| match stop {
            Stop::Refused(refusal) => refusal,
            Stop::Standard(problems) => TypesetError::Broken {
                template: template.to_owned(),
                problems,
            },
        })
    }

    fn set_printable(
        &self,
        (template, identity): (&str, &Identity),
        inputs: &Value,
        picture: Option<&Picture>,
    ) -> Result<Vec<u8>, Stop> {
        let sheet = Sheet {
            press: self,
            template: self.template(template)?,
            inputs: Bytes::new(within_limit(inputs)?),
            picture,
            today: midnight(identity.date)?,
        };
        let document: PagedDocument = typst::compile(&sheet).output.map_err(|problems| {
            let problems = sheet.describe(&problems);
            TypesetError::Broken {
                template: template.to_owned(),
                problems,
            }
        })?;
        let pages = document.pages().len();
        if pages > PAGE_LIMIT {
            return Err(TypesetError::TooManyPages {
                pages,
                limit: PAGE_LIMIT,
            }
            .into());
        }
        let options = PdfOptions {
            ident: Smart::Custom(identity.id.clone()),
            creator: Smart::Custom(Some("Evenkeel".to_owned())),
            timestamp: Some(Timestamp::new_utc(sheet.today)),
            standards: self.standards.clone(),
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&document, &options)
            .map_err(|problems| Stop::Standard(sheet.describe(&problems)))
    }
}

enum Stop {
    Refused(TypesetError),
    /// It was laid out but breaks PDF/A or PDF/UA, mostly by a missing glyph.
    Standard(String),
}

impl From<TypesetError> for Stop {
    fn from(refusal: TypesetError) -> Self {
        Self::Refused(refusal)
    }
}

fn within_limit(inputs: &Value) -> Result<Vec<u8>, TypesetError> {
    let json = serde_json::to_vec(inputs)?;
    if json.len() > INPUT_LIMIT_BYTES {
        return Err(TypesetError::InputsTooLarge {
            bytes: json.len(),
            limit: INPUT_LIMIT_BYTES,
        });
    }
    Ok(json)
}

fn midnight(date: Date) -> Result<Datetime, TypesetError> {
    let out_of_range = || TypesetError::DateOutOfRange(date);
    let year = i32::from(date.year());
    let month = u8::try_from(date.month()).map_err(|_| out_of_range())?;
    let day = u8::try_from(date.day()).map_err(|_| out_of_range())?;
    if year < 1 {
        return Err(out_of_range());
    }
    Datetime::from_ymd_hms(year, month, day, 0, 0, 0).ok_or_else(out_of_range)
}
