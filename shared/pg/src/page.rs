//! Pages by key: the token says after which row the next page starts, for which filter, and carries a seal, so that
//! nobody walks another list with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

const DEFAULT_PAGE_SIZE: i32 = 50;
const MAX_PAGE_SIZE: i32 = 500;
const SEAL_BYTES: usize = 16;

/// Why a page is not given: both are INVALID_ARGUMENT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The page size is negative; field `page_size`.
    #[error("page_size is negative")]
    NegativeSize,
    /// The token is not one of ours, or was given for another filter; field `page_token`.
    #[error("page_token is not of this list")]
    ForeignToken,
}

/// How many rows a page has: 0 means 50, more than 500 means 500.
pub fn page_size(asked: i32) -> Result<usize, PageError> {
    let size = match asked {
        ..0 => return Err(PageError::NegativeSize),
        0 => DEFAULT_PAGE_SIZE,
        1.. => asked.min(MAX_PAGE_SIZE),
    };
    usize::try_from(size).map_err(|_| PageError::NegativeSize)
}

/// What a list was asked for, apart from the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter([u8; 32]);

impl Filter {
    /// The filter of a list request. Clear its `page_token` and `page_size` first; the practice's id and the order
    /// stay in, so a token leads into no other practice's list.
    pub fn of(method: &str, request: &impl prost::Message) -> Self {
        let mut hash = Sha256::new();
        hash.update((method.len() as u64).to_be_bytes());
        hash.update(method);
        hash.update(request.encode_to_vec());
        Self(hash.finalize().into())
    }
}

/// The secret that seals page tokens; the same in all replicas of a service.
#[derive(Clone)]
pub struct PageKey(Hmac<Sha256>);

impl PageKey {
    /// A key from 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        let mut block = [0; 64]; // HMAC fills a shorter key with zeros up to its hash's block
        block[..secret.len()].copy_from_slice(secret);
        Self(Hmac::new(&block.into()))
    }

    /// The token of the page after `position`, the sort key of the last row.
    pub fn seal(
        &self,
        filter: Filter,
        position: &impl Serialize,
    ) -> Result<String, serde_json::Error> {
        let position = serde_json::to_vec(position)?;
        let mut token = self.seal_of(filter, &position).to_vec();
        token.extend_from_slice(&position);
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    /// Where the page starts: none for an empty token, the first page. Errors: [`PageError::ForeignToken`].
    pub fn open<P: DeserializeOwned>(
        &self,
        filter: Filter,
        token: &str,
    ) -> Result<Option<P>, PageError> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| PageError::ForeignToken)?;
        let (seal, position) = bytes
            .split_at_checked(SEAL_BYTES)
            .ok_or(PageError::ForeignToken)?;
        self.mac(filter, position)
            .verify_truncated_left(seal)
            .map_err(|_| PageError::ForeignToken)?;
        serde_json::from_slice(position)
            .map(Some)
            .map_err(|_| PageError::ForeignToken)
    }

    fn seal_of(&self, filter: Filter, position: &[u8]) -> [u8; SEAL_BYTES] {
        let full: [u8; 32] = self.mac(filter, position).finalize().into_bytes().into();
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&full[..SEAL_BYTES]);
        seal
    }

    fn mac(&self, filter: Filter, position: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&filter.0);
        mac.update(position);
        mac
    }
}

impl std::fmt::Debug for PageKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("PageKey(…)")
    }
}

/// Some rows of a list and the way to the next ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Empty on the last page.
    pub next_page_token: String,
}

impl<T> Page<T> {
    /// Makes a page of `size` rows from a query that asked for `size + 1`, so that the last page is known as such.
    /// `position` is a row's sort key.
    pub fn cut<P: Serialize>(
        mut rows: Vec<T>,
        size: usize,
        seal: (&PageKey, Filter),
        position: impl FnOnce(&T) -> P,
    ) -> Result<Self, serde_json::Error> {
        let more = rows.len() > size;
        rows.truncate(size);
        let (key, filter) = seal;
        let next_page_token = match rows.last() {
            Some(last) if more => key.seal(filter, &position(last))?,
            Some(_) | None => String::new(),
        };
        Ok(Self {
            items: rows,
            next_page_token,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PageKey {
        PageKey::new(&[7; 32])
    }

    #[test]
    fn the_size_has_a_default_and_a_limit() {
        assert_eq!(page_size(0), Ok(50));
        assert_eq!(page_size(1), Ok(1));
        assert_eq!(page_size(501), Ok(500));
        assert_eq!(page_size(i32::MAX), Ok(500));
        assert_eq!(page_size(-1), Err(PageError::NegativeSize));
    }

    #[test]
    fn a_token_opens_for_its_own_filter_and_key_only() {
        let filter = Filter::of("ListBills", &"practice 1".to_owned());
        let token = key().seal(filter, &(5, "K7M29QXD")).expect("a token");
        assert_eq!(
            key().open(filter, &token),
            Ok(Some((5, "K7M29QXD".to_owned())))
        );
        assert_eq!(key().open::<(i32, String)>(filter, ""), Ok(None));
        for other in [
            Filter::of("ListBills", &"practice 2".to_owned()),
            Filter::of("ListDues", &"practice 1".to_owned()),
        ] {
            assert_eq!(
                key().open::<(i32, String)>(other, &token),
                Err(PageError::ForeignToken)
            );
        }
        let foreign = PageKey::new(&[8; 32]);
        assert_eq!(
            foreign.open::<(i32, String)>(filter, &token),
            Err(PageError::ForeignToken)
        );
    }

    #[test]
    fn a_token_with_any_bit_turned_or_cut_short_is_refused() {
        let filter = Filter::of("ListBills", &());
        let token = key().seal(filter, &41).expect("a token");
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("bytes");
        for bit in 0..bytes.len() * 8 {
            let mut turned = bytes.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                key().open::<i32>(filter, &URL_SAFE_NO_PAD.encode(turned)),
                Err(PageError::ForeignToken)
            );
        }
        for length in 1..token.len() {
            assert_eq!(
                key().open::<i32>(filter, &token[..length]),
                Err(PageError::ForeignToken)
            );
        }
    }

    #[test]
    fn the_last_page_has_no_token() {
        let filter = Filter::of("ListBills", &());
        let page = Page::cut(vec![1, 2, 3], 2, (&key(), filter), |last| *last).expect("a page");
        assert_eq!(page.items, [1, 2]);
        assert_eq!(key().open(filter, &page.next_page_token), Ok(Some(2)));
        let page = Page::cut(vec![3, 4], 2, (&key(), filter), |last| *last).expect("a page");
        assert_eq!(page.items, [3, 4]);
        assert_eq!(page.next_page_token, "");
    }
}
