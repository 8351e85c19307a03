//! `application/x-www-form-urlencoded` with Stripe's bracket notation, read into a tree.
//!
//! `metadata[payment_id]=x` is a branch `metadata` with a leaf `payment_id`; `expand[]=a&expand[]=b` and
//! `expand[0]=a&expand[1]=b` are the same list. Every input has a size limit, no input panics.

use std::fmt;

/// Name-value pairs in one form, at most.
pub const MAX_PAIRS: usize = 1_000;
/// Brackets in one name, at most.
pub const MAX_DEPTH: usize = 8;
/// Bytes in one decoded name, at most.
pub const MAX_NAME_BYTES: usize = 512;

/// One parameter: a text or named children. A list is a branch whose names are positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// `name=text`, percent-decoded.
    Text(String),
    /// `name[child]=…`, children in the order they came.
    Branch(Vec<(String, Node)>),
}

/// Why a form cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More than [`MAX_PAIRS`].
    #[error("Too many parameters: at most {MAX_PAIRS} are accepted")]
    TooManyPairs,
    /// More than [`MAX_DEPTH`] brackets.
    #[error("Parameter nested too deeply: at most {MAX_DEPTH} levels are accepted")]
    TooDeep,
    /// Longer than [`MAX_NAME_BYTES`].
    #[error("Parameter name too long: at most {MAX_NAME_BYTES} bytes are accepted")]
    NameTooLong,
    /// `%zz` or bytes that are not UTF-8.
    #[error("Invalid percent-encoding or UTF-8 in the request")]
    Encoding,
    /// `a[b`, `[a]`, `a]b`.
    #[error("Invalid parameter name: {0}")]
    Name(String),
    /// `a=1&a[b]=2`.
    #[error("Parameter is given both as a value and as a hash: {0}")]
    Conflict(String),
}

/// Reads a form; the pairs of an empty text are none. A repeated plain name keeps its last value, as at Stripe.
pub fn parse(text: &str) -> Result<Vec<(String, Node)>, FormError> {
    let mut root = Vec::new();
    for (count, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count >= MAX_PAIRS {
            return Err(FormError::TooManyPairs);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        if name.len() > MAX_NAME_BYTES {
            return Err(FormError::NameTooLong);
        }
        let path = split_name(&name)?;
        insert(&mut root, &path, decode(value)?).map_err(|Clash| FormError::Conflict(name))?;
    }
    Ok(root)
}

fn decode(text: &str) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (code, tail) = rest.split_at_checked(2).ok_or(FormError::Encoding)?;
                let [decoded] = hex::decode(code)
                    .ok()
                    .and_then(|b| <[u8; 1]>::try_from(b).ok())
                    .ok_or(FormError::Encoding)?;
                bytes.push(decoded);
                rest = tail;
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| FormError::Encoding)
}

fn split_name(name: &str) -> Result<Vec<&str>, FormError> {
    let bad = || FormError::Name(name.to_owned());
    let Some(open) = name.find('[') else {
        return if name.is_empty() || name.contains(']') {
            Err(bad())
        } else {
            Ok(vec![name])
        };
    };
    let (head, mut rest) = name.split_at(open);
    if head.is_empty() || head.contains(']') {
        return Err(bad());
    }
    let mut path = vec![head];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(bad)?;
        let (segment, tail) = inner.split_once(']').ok_or_else(bad)?;
        if segment.contains('[') {
            return Err(bad());
        }
        path.push(segment);
        if path.len() > MAX_DEPTH {
            return Err(FormError::TooDeep);
        }
        rest = tail;
    }
    Ok(path)
}

struct Clash;

fn insert(children: &mut Vec<(String, Node)>, path: &[&str], value: String) -> Result<(), Clash> {
    let Some((&first, rest)) = path.split_first() else {
        return Ok(());
    };
    let place = place_of(children, first, rest.first().copied());
    match (rest.is_empty(), place) {
        (true, Some(at)) => match &mut children[at].1 {
            Node::Text(text) => *text = value,
            Node::Branch(_) => return Err(Clash),
        },
        (true, None) => children.push((new_name(children, first), Node::Text(value))),
        (false, Some(at)) => match &mut children[at].1 {
            Node::Text(_) => return Err(Clash),
            Node::Branch(inner) => insert(inner, rest, value)?,
        },
        (false, None) => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, value)?;
            children.push((new_name(children, first), Node::Branch(inner)));
        }
    }
    Ok(())
}

/// `[]` appends, except that `a[][x]=1&a[][y]=2` is one element: it is new only when `x` is already there.
fn place_of(children: &[(String, Node)], name: &str, next: Option<&str>) -> Option<usize> {
    if !name.is_empty() {
        return children.iter().position(|(known, _)| known == name);
    }
    match (children.last(), next) {
        (Some((_, Node::Branch(inner))), Some(next))
            if !inner.iter().any(|(known, _)| known == next) =>
        {
            Some(children.len() - 1)
        }
        _ => None,
    }
}

fn new_name(children: &[(String, Node)], name: &str) -> String {
    if name.is_empty() {
        children.len().to_string()
    } else {
        name.to_owned()
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Text(text) => f.write_str(text),
            Node::Branch(children) => write!(f, "hash of {}", children.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &str) -> Node {
        Node::Text(value.to_owned())
    }

    #[test]
    fn brackets_become_branches() {
        let form = parse("amount=500&metadata[payment_id]=pay%201&metadata[a]=x+y").expect("valid");
        let metadata = Node::Branch(vec![
            ("payment_id".into(), text("pay 1")),
            ("a".into(), text("x y")),
        ]);
        assert_eq!(
            form,
            vec![
                ("amount".into(), text("500")),
                ("metadata".into(), metadata)
            ]
        );
    }

    #[test]
    fn both_list_notations_are_the_same_list() {
        assert_eq!(
            parse("expand[]=a&expand[]=b"),
            parse("expand%5B0%5D=a&expand[1]=b")
        );
    }

    #[test]
    fn a_list_of_hashes_starts_a_new_element_when_a_name_repeats() {
        assert_eq!(
            parse("a[][x]=1&a[][y]=2&a[][x]=3"),
            parse("a[0][x]=1&a[0][y]=2&a[1][x]=3")
        );
    }

    #[test]
    fn malformed_names_are_refused() {
        for name in ["[a]", "a[b", "a]b", "a[[b]]", "=1", "a[b]c"] {
            assert!(matches!(parse(name), Err(FormError::Name(_))), "{name}");
        }
        assert_eq!(parse("a=1&a[b]=2"), Err(FormError::Conflict("a[b]".into())));
        assert_eq!(parse("a=%zz"), Err(FormError::Encoding));
        assert_eq!(parse("a=%ff"), Err(FormError::Encoding));
        assert_eq!(
            parse(&"[x]".repeat(MAX_DEPTH).replacen("[x]", "a[x]", 1)),
            Err(FormError::TooDeep)
        );
        assert_eq!(
            parse(&"a=1&".repeat(MAX_PAIRS + 1)),
            Err(FormError::TooManyPairs)
        );
        assert_eq!(
            parse(&"n".repeat(MAX_NAME_BYTES + 1)),
            Err(FormError::NameTooLong)
        );
    }

    fn encode(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }

    fn write(children: &[(String, Node)], prefix: &str, out: &mut Vec<String>) {
        for (name, node) in children {
            let name = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}[{name}]")
            };
            match node {
                Node::Text(value) => out.push(format!("{}={}", encode(&name), encode(value))),
                Node::Branch(inner) => write(inner, &name, out),
            }
        }
    }

    fn tree() -> impl Strategy<Value = Vec<(String, Node)>> {
        let leaf = any::<String>().prop_map(Node::Text);
        let node = leaf.prop_recursive(4, 24, 5, |inner| {
            prop::collection::btree_map("[a-z0-9_]{1,8}", inner, 1..5)
                .prop_map(|map| Node::Branch(map.into_iter().collect()))
        });
        prop::collection::btree_map("[a-z0-9_]{1,8}", node, 0..6)
            .prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(form in tree()) {
            let mut pairs = Vec::new();
            write(&form, "", &mut pairs);
            prop_assert_eq!(parse(&pairs.join("&")), Ok(form));
        }

        #[test]
        fn no_input_panics(input in "\\PC*|[\\[\\]=&%a0-9]{0,64}") {
            let _ = parse(&input);
        }
    }
}
