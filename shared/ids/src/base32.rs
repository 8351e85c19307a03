//! Crockford's base32: no I, L, O or U, so nothing is mistaken when it is read aloud or typed from
//! paper.

const SYMBOLS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many symbols 128 bits take.
pub(crate) const UUID_SYMBOLS: usize = 26;

/// The lower `count` × 5 bits of `value` as lower-case symbols, most significant first.
pub(crate) fn encode(value: u128, count: usize) -> String {
    (0..count)
        .rev()
        .map(|place| {
            let index = value.checked_shr(place as u32 * 5).unwrap_or(0) & 0x1F;
            char::from(SYMBOLS[index as usize])
        })
        .collect()
}

/// The value of canonical lower-case symbols; `None` for any other character or for more than 128
/// bits.
pub(crate) fn decode(symbols: &str) -> Option<u128> {
    symbols.bytes().try_fold(0_u128, |value, symbol| {
        let index = SYMBOLS.iter().position(|known| *known == symbol)?;
        value.checked_mul(32)?.checked_add(index as u128)
    })
}
