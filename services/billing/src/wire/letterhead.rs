use crate::Result;
use crate::documents::{Logo, Paper, Stationery};
use crate::ops::set_letterhead::LogoBytes;
use crate::wire::line::optional_line;
use ::rpc::{Invalid, parse};
use proto::billing::v1 as contract;
use typeset::PictureKind;

/// What the owner sets, the logo not yet decoded. Errors: INVALID_FIELD, CARD_NUMBER_IN_TEXT.
pub fn stationery(
    letterhead: Option<contract::Letterhead>,
) -> Result<(Stationery, Option<LogoBytes>)> {
    let letterhead = parse::required(letterhead, "letterhead")?;
    let paper = match letterhead.paper() {
        contract::Paper::Unspecified => None,
        contract::Paper::Letter => Some(Paper::Letter),
        contract::Paper::A4 => Some(Paper::A4),
    };
    let stationery = Stationery {
        logo: None,
        website: optional_line(letterhead.website, "letterhead.website")?,
        paper,
        footer: optional_line(letterhead.footer, "letterhead.footer")?,
    };
    Ok((stationery, letterhead.logo.map(logo).transpose()?))
}

fn logo(logo: contract::Logo) -> Result<LogoBytes> {
    let kind = PictureKind::of_media_type(&logo.content_type);
    let must = "must be image/png, image/jpeg or image/svg+xml";
    Ok(LogoBytes {
        kind: kind.ok_or_else(|| Invalid::new("letterhead.logo.content_type", must))?,
        content: logo.content.into(),
        alternative_text: optional_line(logo.alternative_text, "letterhead.logo.alternative_text")?,
    })
}

/// The letterhead as it was set.
#[must_use]
pub fn letterhead(stationery: Stationery) -> contract::Letterhead {
    let paper = match stationery.paper {
        None => contract::Paper::Unspecified,
        Some(Paper::Letter) => contract::Paper::Letter,
        Some(Paper::A4) => contract::Paper::A4,
    };
    contract::Letterhead {
        logo: stationery.logo.map(shown_logo),
        website: stationery.website,
        paper: paper.into(),
        footer: stationery.footer,
    }
}

fn shown_logo(logo: Logo) -> contract::Logo {
    contract::Logo {
        content_type: logo.picture.kind().media_type().to_owned(),
        content: logo.picture.bytes().to_vec().into(),
        alternative_text: logo.alternative_text,
    }
}
