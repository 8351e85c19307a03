use uuid::Uuid;

/// The root of all derived ids. Changing it would make every worker repeat what it has done.
const EVENKEEL: Uuid = Uuid::from_u128(0x6f1d_3c1e_52a7_4b0e_9a53_c2e8_7d41_b0a6);

/// The same id (a UUIDv5) for the same act: what a worker sends as request_id, so that doing it
/// again is a replay. `kind` names the act, `parts` what it is done to: practice, object, local
/// date.
///
/// Every part goes in with its length, so `["ab", "c"]` and `["a", "bc"]` are different acts.
pub fn derive_uuid(kind: &str, parts: &[&[u8]]) -> Uuid {
    let mut name = Vec::new();
    for part in std::iter::once(kind.as_bytes()).chain(parts.iter().copied()) {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part);
    }
    Uuid::new_v5(&EVENKEEL, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_act_has_the_same_id_in_every_release() {
        let id = derive_uuid("autopay", &[b"practice", b"2026-03-31"]);
        assert_eq!(id, derive_uuid("autopay", &[b"practice", b"2026-03-31"]));
        assert_eq!(id.to_string(), "9c0b9dbb-b364-556e-8902-87e6e724abba");
        assert_eq!(id.get_version_num(), 5);
    }

    #[test]
    fn another_act_has_another_id() {
        let ids = [
            derive_uuid("autopay", &[b"ab", b"c"]),
            derive_uuid("autopay", &[b"a", b"bc"]),
            derive_uuid("autopay", &[b"abc"]),
            derive_uuid("autopay", &[b"abc", b""]),
            derive_uuid("autopaya", &[b"bc"]),
            derive_uuid("remind", &[b"ab", b"c"]),
        ];
        for (at, left) in ids.iter().enumerate() {
            assert!(ids[at + 1..].iter().all(|right| left != right));
        }
    }
}
