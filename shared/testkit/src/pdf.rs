//! As much of PDF as reading our own documents takes: what is printed, as text.

use flate2::read::ZlibDecoder;
use std::collections::BTreeMap;
use std::io::Read as _;

/// What a PDF of ours prints, each run of text on a line of its own. A glyph that says no character shows as U+FFFD, so a
/// text that was asked for is not found in it.
///
/// # Panics
/// On bytes that are no PDF of ours.
#[must_use]
pub fn pdf_text(pdf: &[u8]) -> String {
    pdf_pages(pdf).concat()
}

/// The same page by page.
///
/// # Panics
/// On bytes that are no PDF of ours.
#[must_use]
pub fn pdf_pages(pdf: &[u8]) -> Vec<String> {
    let file = PdfFile::read(pdf);
    let mut objects = file.objects.values();
    let tree = objects.find(|object| object.dictionary.contains("/Type/Pages"));
    let kids = tree.and_then(|tree| tree.after("/Kids["));
    let kids = kids
        .and_then(|kids| kids.split(']').next())
        .expect("a list of pages");
    kids.split(" 0 R")
        .filter_map(|kid| file.referred(kid))
        .map(|page| file.text_of(page))
        .collect()
}

struct PdfFile {
    objects: BTreeMap<u32, Object>,
}

struct Object {
    dictionary: String,
    stream: Vec<u8>,
}

impl Object {
    /// What follows a name: `10 0 R`, or `<< … >>`.
    fn after(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.dictionary.split_once(name)?;
        Some(rest.trim_start())
    }
}

impl PdfFile {
    fn read(pdf: &[u8]) -> Self {
        let mut objects = BTreeMap::new();
        let mut rest = pdf;
        while let Some(at) = find(rest, b" 0 obj") {
            let before = &rest[..at];
            let digits = before
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            let number = String::from_utf8_lossy(&before[at - digits..]).parse();
            rest = &rest[at + b" 0 obj".len()..];
            if let Ok(number) = number {
                let (object, after) = Object::read(rest);
                objects.insert(number, object);
                rest = after;
            }
        }
        assert!(!objects.is_empty(), "no object of a PDF");
        Self { objects }
    }

    fn referred(&self, reference: &str) -> Option<&Object> {
        let number = reference.split_whitespace().next()?.parse().ok()?;
        self.objects.get(&number)
    }

    fn text_of(&self, page: &Object) -> String {
        let resources = page.after("/Resources").unwrap_or_default();
        let own = self.referred(resources).map_or(page, |found| found);
        let fonts = own
            .after("/Font")
            .and_then(|fonts| fonts.strip_prefix("<<"));
        let fonts = fonts
            .and_then(|fonts| fonts.split(">>").next())
            .unwrap_or_default();
        let maps: BTreeMap<&str, Characters> = fonts
            .split('/')
            .filter_map(|font| {
                let (name, reference) = font.trim().split_once(' ')?;
                let map = self.referred(reference)?.after("/ToUnicode")?;
                Some((name, Characters::read(&self.referred(map)?.stream)))
            })
            .collect();
        let contents = page
            .after("/Contents")
            .and_then(|reference| self.referred(reference));
        print(&contents.expect("a page has contents").stream, &maps)
    }
}

impl Object {
    fn read(rest: &[u8]) -> (Self, &[u8]) {
        let end = find(rest, b"endobj").unwrap_or(rest.len());
        let start = find(&rest[..end], b"stream\n");
        let Some(start) = start else {
            let dictionary = String::from_utf8_lossy(&rest[..end]).into_owned();
            let object = Self {
                dictionary,
                stream: Vec::new(),
            };
            return (object, &rest[end..]);
        };
        let dictionary = String::from_utf8_lossy(&rest[..start]).into_owned();
        let body = &rest[start + b"stream\n".len()..];
        let length = dictionary.split_once("/Length").and_then(|(_, after)| {
            after
                .trim_start()
                .split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        });
        let length: usize = length.expect("a stream says how long it is");
        let mut stream = body[..length].to_vec();
        if dictionary.contains("/FlateDecode") {
            let mut inflated = Vec::new();
            ZlibDecoder::new(&stream[..])
                .read_to_end(&mut inflated)
                .expect("it inflates");
            stream = inflated;
        }
        (Self { dictionary, stream }, &body[length..])
    }
}

/// What the glyphs of a font say.
#[derive(Default)]
struct Characters(BTreeMap<u16, String>);

impl Characters {
    /// From a character map of `bfchar` and `bfrange` sections, as PDF writers make them.
    fn read(map: &[u8]) -> Self {
        let map = String::from_utf8_lossy(map);
        let mut characters = Self::default();
        for section in map.split("beginbfchar").skip(1) {
            let pairs = section.split("endbfchar").next().unwrap_or_default();
            for pair in hexes(pairs).chunks_exact(2) {
                characters.0.insert(glyph(&pair[0]), utf16(&pair[1]));
            }
        }
        for section in map.split("beginbfrange").skip(1) {
            let ranges = section.split("endbfrange").next().unwrap_or_default();
            for range in hexes(ranges).chunks_exact(3) {
                for (at, code) in (glyph(&range[0])..=glyph(&range[1])).enumerate() {
                    let mut text: Vec<char> = utf16(&range[2]).chars().collect();
                    if let Some(last) = text.last_mut() {
                        *last = u32::try_from(at)
                            .ok()
                            .and_then(|at| char::from_u32(*last as u32 + at))
                            .unwrap_or(*last);
                    }
                    characters.0.insert(code, text.into_iter().collect());
                }
            }
        }
        characters
    }

    fn say(&self, codes: &[u8]) -> String {
        let glyphs = codes.chunks_exact(2).map(glyph);
        glyphs
            .map(|glyph| self.0.get(&glyph).map_or("\u{fffd}", String::as_str))
            .collect()
    }
}

/// Follows the operators that choose fonts and show text. Text that a span replaces is said as the span says it.
fn print(content: &[u8], fonts: &BTreeMap<&str, Characters>) -> String {
    let mut printed = String::new();
    let (mut operands, mut font) = (Vec::new(), None);
    let mut spans: Vec<bool> = Vec::new();
    for token in tokens(content) {
        let Token::Operator(operator) = token else {
            operands.push(token);
            continue;
        };
        match operator.as_str() {
            "Tf" => {
                font = operands
                    .iter()
                    .find_map(|token| token.name().and_then(|name| fonts.get(name)))
            }
            "Tj" | "TJ" if !spans.contains(&true) => {
                let font = font.expect("a font was chosen");
                printed.extend(
                    operands
                        .iter()
                        .filter_map(Token::codes)
                        .map(|codes| font.say(codes)),
                );
            }
            "BDC" | "BMC" => {
                let replaces = operands
                    .iter()
                    .any(|token| token.name() == Some("ActualText"));
                if replaces && let Some(text) = operands.iter().rev().find_map(Token::codes) {
                    printed.push_str(&utf16(text.strip_prefix(&[0xfe, 0xff]).unwrap_or(text)));
                }
                spans.push(replaces);
            }
            "EMC" => {
                spans.pop();
            }
            "ET" => printed.push('\n'),
            _other => {}
        }
        operands.clear();
    }
    printed
}

enum Token {
    Name(String),
    Codes(Vec<u8>),
    Operator(String),
}

impl Token {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Codes(_) | Self::Operator(_) => None,
        }
    }

    fn codes(&self) -> Option<&[u8]> {
        match self {
            Self::Codes(codes) => Some(codes),
            Self::Name(_) | Self::Operator(_) => None,
        }
    }
}

/// Names, texts and operators; numbers and brackets are left out.
fn tokens(content: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = content.get(at) {
        at += 1;
        match byte {
            b'/' => {
                let word = word(&content[at..]);
                at += word.len();
                tokens.push(Token::Name(word));
            }
            b'<' if content.get(at) != Some(&b'<') => {
                let end = at + find(&content[at..], b">").unwrap_or(content.len() - at);
                tokens.push(Token::Codes(unhex(&content[at..end])));
                at = end;
            }
            b'(' => {
                let (codes, length) = literal(&content[at..]);
                tokens.push(Token::Codes(codes));
                at += length;
            }
            b'<' => at += 1,
            _ if byte.is_ascii_alphabetic() => {
                let word = word(&content[at - 1..]);
                at += word.len() - 1;
                tokens.push(Token::Operator(word));
            }
            _ => {}
        }
    }
    tokens
}

fn word(rest: &[u8]) -> String {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/<>[]()".contains(byte);
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    String::from_utf8_lossy(&rest[..length]).into_owned()
}

/// A text in parentheses, and its length with the closing one.
fn literal(rest: &[u8]) -> (Vec<u8>, usize) {
    let (mut codes, mut at, mut depth) = (Vec::new(), 0, 1);
    while let Some(&byte) = rest.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                let escaped = rest[at];
                at += 1;
                let octal = rest[at - 1..]
                    .iter()
                    .take(3)
                    .take_while(|digit| (b'0'..=b'7').contains(digit))
                    .count();
                codes.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    b'0'..=b'7' => {
                        at += octal - 1;
                        let digits = &rest[at - octal..at];
                        digits.iter().fold(0_u8, |value, digit| {
                            value.wrapping_mul(8).wrapping_add(digit - b'0')
                        })
                    }
                    other => other,
                });
            }
            b'(' => {
                depth += 1;
                codes.push(byte);
            }
            b')' if depth == 1 => break,
            b')' => {
                depth -= 1;
                codes.push(byte);
            }
            other => codes.push(other),
        }
    }
    (codes, at)
}

fn hexes(text: &str) -> Vec<Vec<u8>> {
    let parts = text.split('<').skip(1);
    parts
        .map(|part| unhex(part.split('>').next().unwrap_or_default().as_bytes()))
        .collect()
}

fn unhex(digits: &[u8]) -> Vec<u8> {
    let digits: Vec<u32> = digits
        .iter()
        .filter_map(|digit| char::from(*digit).to_digit(16))
        .collect();
    let bytes = digits
        .chunks(2)
        .map(|pair| pair[0] * 16 + pair.get(1).copied().unwrap_or(0));
    bytes.filter_map(|byte| u8::try_from(byte).ok()).collect()
}

fn glyph(code: impl AsRef<[u8]>) -> u16 {
    code.as_ref()
        .iter()
        .fold(0, |glyph, byte| glyph << 8 | u16::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16_lossy(&units)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
