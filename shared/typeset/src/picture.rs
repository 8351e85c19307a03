use std::fmt;
use std::io::Cursor;
use std::ops::RangeInclusive;

use image::{ImageFormat, ImageReader, Limits};
use typst::foundations::Bytes;

use crate::drawing;

/// The largest file of a picture.
pub const PICTURE_LIMIT_BYTES: usize = 512 * 1024;

/// How many pixels a picture may have on each side: enough to be seen, few enough to be decoded at once.
pub const PICTURE_SIDE_PIXELS: RangeInclusive<u32> = 16..=4_000;

/// How much longer one side may be than the other.
const ASPECT_MAX: f32 = 20.0;
/// A decoded picture of the largest size, 16 bits for each of four channels.
const DECODED_LIMIT_BYTES: u64 = 4_000 * 4_000 * 8;

/// What a picture's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// Scalable Vector Graphics, shapes only.
    Svg,
}

/// Why bytes are no picture that can be printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// More than [`PICTURE_LIMIT_BYTES`].
    #[error("it has {0} bytes; the limit is {PICTURE_LIMIT_BYTES}")]
    TooManyBytes(usize),
    /// Not what it is said to be, or damaged.
    #[error("the bytes are not a readable {0}")]
    Unreadable(PictureKind),
    /// Too small, too large, or a line more than a picture.
    #[error(
        "it is {width} × {height}; each side must be from 16 to 4,000, none 20 times the other"
    )]
    Size {
        /// In pixels, or in units of a drawing.
        width: u32,
        /// The same.
        height: u32,
    },
    /// A drawing with more than shapes.
    #[error("the drawing has {0}; only shapes can be printed")]
    NotShapes(String),
}

/// A picture that a document can show. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    kind: PictureKind,
    bytes: Bytes,
}

impl PictureKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::Svg];

    /// `image/png`.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Svg => "image/svg+xml",
        }
    }

    /// The kind of a media type; none for one that cannot be printed.
    #[must_use]
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.media_type() == media_type)
    }

    /// Under which name a template finds a picture of this kind.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Png => "picture.png",
            Self::Jpeg => "picture.jpg",
            Self::Svg => "picture.svg",
        }
    }
}

impl fmt::Display for PictureKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Svg => "SVG",
        })
    }
}

impl Picture {
    /// The picture of `bytes`, which are decoded to the last one. That is work for a processor core.
    ///
    /// # Errors
    /// See [`PictureError`].
    pub fn read(kind: PictureKind, bytes: Vec<u8>) -> Result<Self, PictureError> {
        if bytes.len() > PICTURE_LIMIT_BYTES {
            return Err(PictureError::TooManyBytes(bytes.len()));
        }
        let (width, height) = match kind {
            PictureKind::Png => pixels(kind, ImageFormat::Png, &bytes)?,
            PictureKind::Jpeg => pixels(kind, ImageFormat::Jpeg, &bytes)?,
            PictureKind::Svg => drawing::size(&bytes)?,
        };
        check_size(width, height)?;
        Ok(Self::known(kind, bytes))
    }

    /// The picture of bytes that [`read`](Self::read) took before.
    #[must_use]
    pub fn known(kind: PictureKind, bytes: Vec<u8>) -> Self {
        Self {
            kind,
            bytes: Bytes::new(bytes),
        }
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> PictureKind {
        self.kind
    }

    /// As it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn shared_bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

/// Its bytes would fill a page.
impl fmt::Debug for Picture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} bytes", self.kind, self.bytes.len())
    }
}

/// The size is read and checked before the rest is decoded: a few bytes can say that they are a wall of pixels.
fn pixels(
    kind: PictureKind,
    format: ImageFormat,
    bytes: &[u8],
) -> Result<(u32, u32), PictureError> {
    let unreadable = |_| PictureError::Unreadable(kind);
    let reader = || ImageReader::with_format(Cursor::new(bytes), format);
    let (width, height) = reader().into_dimensions().map_err(unreadable)?;
    check_size(width, height)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_LIMIT_BYTES);
    let mut limited = reader();
    limited.limits(limits);
    limited.decode().map_err(unreadable)?;
    Ok((width, height))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sides have at most four digits where the ratio matters"
)]
fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    let sides = PICTURE_SIDE_PIXELS.contains(&width) && PICTURE_SIDE_PIXELS.contains(&height);
    let ratio = width.max(height) as f32 / width.min(height).max(1) as f32;
    if sides && ratio <= ASPECT_MAX {
        return Ok(());
    }
    Err(PictureError::Size { width, height })
}
