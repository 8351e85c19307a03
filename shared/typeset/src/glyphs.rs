use serde_json::Value;
use typst::layout::Abs;
use typst::text::{Font, FontInstance, FontVariant, FontVariations};
use unicode_segmentation::UnicodeSegmentation;

/// Printed where no font has the character. PDF/A refuses text without a glyph, and
/// a bill must not fail because of how a client's name is written.
const PLACEHOLDER: &str = "□";

/// The family whose every weight has the characters that [`Care::Letters`] keeps.
const TEXT_FAMILY: &str = "Libertinus Serif";

/// Which characters the fonts can print.
pub(crate) struct Glyphs {
    fonts: Vec<FontInstance>,
}

/// How much of a text is kept.
#[derive(Clone, Copy)]
pub(crate) enum Care {
    /// All that some font can print.
    Everything,
    /// Letters without separate marks, and only those that every weight of the text
    /// family has. What remains cannot fail, where marks of one font over letters of
    /// another can (Hebrew points in semibold).
    Letters,
}

impl Glyphs {
    pub(crate) fn of(fonts: Vec<Font>) -> Self {
        let regular = |font: Font| {
            font.instantiate(
                FontVariant::default(),
                Abs::pt(10.0),
                &FontVariations::default(),
            )
        };
        Self {
            fonts: fonts.into_iter().map(regular).collect(),
        }
    }

    /// Makes every text in `value` printable in place and returns how many
    /// characters are printed otherwise than they were given.
    pub(crate) fn make_printable(&self, value: &mut Value, care: Care) -> usize {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => self.make_text_printable(text, care),
            Value::Array(items) => items
                .iter_mut()
                .map(|item| self.make_printable(item, care))
                .sum(),
            Value::Object(fields) => fields
                .values_mut()
                .map(|field| self.make_printable(field, care))
                .sum(),
        }
    }

    fn make_text_printable(&self, text: &mut String, care: Care) -> usize {
        if text
            .bytes()
            .all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte))
        {
            return 0;
        }
        let mut printable = String::with_capacity(text.len());
        let mut missing = 0;
        for cluster in text.graphemes(true) {
            missing += self.push_cluster(cluster, care, &mut printable);
        }
        *text = printable;
        missing
    }

    /// A letter and its marks are one cluster and come from one font. When no font
    /// has all of it, the letter alone is printed.
    fn push_cluster(&self, cluster: &str, care: Care, printable: &mut String) -> usize {
        if cluster == "\n" || cluster == "\r\n" {
            printable.push('\n');
            return 0;
        }
        let visible: String = cluster.chars().filter(|&c| !is_invisible(c)).collect();
        let Some(letter) = visible.chars().next() else {
            return 0;
        };
        if letter.is_control() {
            printable.push(' ');
            return 0;
        }
        if self.can_print(&visible, care) {
            printable.push_str(&visible);
            return 0;
        }
        if self.can_print(letter.encode_utf8(&mut [0; 4]), care) {
            printable.push(letter);
        } else {
            printable.push_str(PLACEHOLDER);
        }
        1
    }

    fn can_print(&self, cluster: &str, care: Care) -> bool {
        let has_all = |font: &FontInstance| cluster.chars().all(|c| has_glyph(font, c));
        match care {
            Care::Everything => {
                self.fonts.iter().any(has_all)
                    && !cluster
                        .chars()
                        .any(|c| is_private(c) || self.fonts.iter().any(|font| feigns(font, c)))
            }
            Care::Letters => {
                let mut text = self.fonts.iter().filter(|font| is_text(font));
                cluster.chars().count() == 1 && text.all(has_all)
            }
        }
    }
}

fn is_text(font: &FontInstance) -> bool {
    font.font().info().family == TEXT_FAMILY
}

fn has_glyph(font: &FontInstance, c: char) -> bool {
    font.ttf().glyph_index(c).is_some_and(|glyph| glyph.0 != 0)
}

/// A font may list a character that it then maps to no glyph, and Typst would choose
/// it for that character (Libertinus and U+1F5A).
fn feigns(font: &FontInstance, c: char) -> bool {
    font.font().info().coverage.contains(u32::from(c)) && !has_glyph(font, c)
}

/// Joiners, direction marks, variation selectors and tags: they draw nothing, and
/// direction overrides could make an amount read backwards.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// PDF/A forbids characters that mean something only to one font.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}
