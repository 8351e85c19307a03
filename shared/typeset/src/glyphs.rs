use std::cell::OnceCell;

use serde_json::Value;
use ttf_parser::Face;
use typst::text::Font;
use unicode_segmentation::UnicodeSegmentation;

/// Printed where no font has the character. PDF/A refuses text without a glyph, and
/// a bill must not fail because of how a client's name is written.
const PLACEHOLDER: &str = "□";

/// The families that come in several weights: Typst's own. Of the others the one weight is taken for all.
const WEIGHED: [&str; 3] = [
    "Libertinus Serif",
    "New Computer Modern",
    "DejaVu Sans Mono",
];

/// Which characters the fonts can print.
pub(crate) struct Glyphs {
    fonts: Vec<Font>,
}

/// The fonts while one document is looked through. Typst's own way to a font's glyphs hashes the whole file; here a
/// file is opened when it lists a character, and what no document needs is never read from the disk.
struct Faces<'a>(Vec<(&'a Font, OnceCell<Option<Face<'a>>>)>);

/// How much of a text is kept.
#[derive(Clone, Copy)]
pub(crate) enum Care {
    /// All that some font can print.
    Everything,
    /// Letters without separate marks, and only those that every weight of the text
    /// family has, or a font that has but one. What remains cannot fail, where marks of
    /// one font over letters of another can.
    Letters,
}

impl Glyphs {
    pub(crate) const fn of(fonts: Vec<Font>) -> Self {
        Self { fonts }
    }

    /// Makes every text in `value` printable in place and returns how many
    /// characters are printed otherwise than they were given.
    pub(crate) fn make_printable(&self, value: &mut Value, care: Care) -> usize {
        let unopened = self.fonts.iter().map(|font| (font, OnceCell::new()));
        Faces(unopened.collect()).make_printable(value, care)
    }
}

impl Faces<'_> {
    fn make_printable(&self, value: &mut Value, care: Care) -> usize {
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
        if is_joined(cluster) && self.can_print(cluster, care) {
            printable.push_str(cluster);
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
        let has_all = |at: usize| cluster.chars().all(|c| self.has_glyph(at, c));
        let mut all = 0..self.0.len();
        match care {
            Care::Everything => {
                all.any(has_all) && !cluster.chars().any(|c| is_private(c) || self.feigned(c))
            }
            Care::Letters => {
                let family = |at: &usize| self.0[*at].0.info().family.as_str();
                let mut text = all.clone().filter(|at| family(at) == WEIGHED[0]);
                let mut single = all.filter(|at| !WEIGHED.contains(&family(at)));
                cluster.chars().count() == 1 && (text.all(has_all) || single.any(has_all))
            }
        }
    }

    /// Some font may list a character that it then maps to no glyph, and Typst would choose it for that character
    /// (Libertinus and U+1F5A).
    fn feigned(&self, c: char) -> bool {
        let mut all = 0..self.0.len();
        all.any(|at| self.lists(at, c) && !self.has_glyph(at, c))
    }

    fn lists(&self, at: usize, c: char) -> bool {
        self.0[at].0.info().coverage.contains(u32::from(c))
    }

    fn has_glyph(&self, at: usize, c: char) -> bool {
        self.lists(at, c)
            && self
                .face(at)
                .is_some_and(|face| face.glyph_index(c).is_some_and(|glyph| glyph.0 != 0))
    }

    fn face(&self, at: usize) -> Option<&Face<'_>> {
        let (font, face) = &self.0[at];
        face.get_or_init(|| Face::parse(font.data(), font.index()).ok())
            .as_ref()
    }
}

/// Joiners, direction marks, variation selectors and tags: they draw nothing, and
/// direction overrides could make an amount read backwards.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Arabic and Indic letters are written otherwise before a joiner or non-joiner: it is part of the spelling. Elsewhere it
/// draws nothing.
fn is_joined(cluster: &str) -> bool {
    let joins = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
    let mut chars = cluster.chars();
    let written = |c: char| matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{1000}'..='\u{109f}');
    chars.next().is_some_and(written)
        && cluster.contains(joins)
        && !cluster.chars().any(|c| is_invisible(c) && !joins(c))
}

/// PDF/A forbids characters that mean something only to one font.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}
