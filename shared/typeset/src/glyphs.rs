use serde_json::Value;
use typst::text::{FontBook, FontInfo};
use unicode_segmentation::UnicodeSegmentation;

/// Printed where no font has the character. PDF/A refuses text without a glyph, and
/// a bill must not fail because of how a client's name is written.
const PLACEHOLDER: &str = "□";

/// Which characters the fonts can print.
pub(crate) struct Glyphs {
    fonts: Vec<FontInfo>,
}

impl Glyphs {
    pub(crate) fn of(book: &FontBook, count: usize) -> Self {
        let fonts = (0..count).filter_map(|index| book.info(index).cloned()).collect();
        Self { fonts }
    }

    /// Makes every text in `value` printable in place and returns how many
    /// characters became placeholders.
    pub(crate) fn make_printable(&self, value: &mut Value) -> usize {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => self.make_text_printable(text),
            Value::Array(items) => items.iter_mut().map(|item| self.make_printable(item)).sum(),
            Value::Object(fields) => {
                fields.values_mut().map(|field| self.make_printable(field)).sum()
            }
        }
    }

    fn make_text_printable(&self, text: &mut String) -> usize {
        if text.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)) {
            return 0;
        }
        let mut printable = String::with_capacity(text.len());
        let mut missing = 0;
        for cluster in text.graphemes(true) {
            missing += self.push_cluster(cluster, &mut printable);
        }
        *text = printable;
        missing
    }

    /// A letter and its marks are one cluster and come from one font. When no font
    /// has all of it, the letter alone is printed.
    fn push_cluster(&self, cluster: &str, printable: &mut String) -> usize {
        if cluster == "\n" || cluster == "\r\n" {
            printable.push('\n');
            return 0;
        }
        let visible: String = cluster.chars().filter(|&c| !is_invisible(c)).collect();
        let Some(letter) = visible.chars().next() else { return 0 };
        if letter.is_control() {
            printable.push(' ');
            return 0;
        }
        if self.fonts.iter().any(|font| visible.chars().all(|c| has(font, c))) {
            printable.push_str(&visible);
            return 0;
        }
        if self.fonts.iter().any(|font| has(font, letter)) {
            printable.push(letter);
        } else {
            printable.push_str(PLACEHOLDER);
        }
        1
    }
}

fn has(font: &FontInfo, c: char) -> bool {
    !is_private(c) && font.coverage.contains(u32::from(c))
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
