use ids::PracticeId;
use sha2::{Digest, Sha256};

/// Into how many buckets practices can be divided at most.
pub const MAX_BUCKETS: u16 = 256;

/// There is no such bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bucket is one of 1 to {MAX_BUCKETS}, counted from 0")]
pub struct BucketError;

/// A share of all practices, so that several consumers divide a feed.
///
/// A practice's bucket is the first 8 bytes of the SHA-256 of its uuid's 16 bytes, big-endian, modulo the count.
/// Servers and consumers of all versions compute it alike; it is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket {
    number: u16,
    count: u16,
}

impl Bucket {
    /// The bucket `number`, from 0, of `count`.
    pub fn new(number: u16, count: u16) -> Result<Self, BucketError> {
        if number < count && count <= MAX_BUCKETS {
            Ok(Self { number, count })
        } else {
            Err(BucketError)
        }
    }

    /// All buckets of a division. None for a count outside 1 to 256.
    pub fn all(count: u16) -> impl Iterator<Item = Self> {
        let count = if count <= MAX_BUCKETS { count } else { 0 };
        (0..count).map(move |number| Self { number, count })
    }

    /// Its place in the division, from 0.
    pub fn number(self) -> u16 {
        self.number
    }

    /// How many there are.
    pub fn count(self) -> u16 {
        self.count
    }

    /// Whether the practice belongs to it.
    pub fn holds(self, practice: PracticeId) -> bool {
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] =
            Sha256::digest(practice.uuid().as_bytes()).into();
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) % u64::from(self.count)
            == u64::from(self.number)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_practice_is_in_exactly_one_bucket_and_none_is_empty() {
        let mut sizes = [0; 8];
        for number in 0..400 {
            let practice = PracticeId::from(Uuid::from_u128(number));
            let holders: Vec<_> = Bucket::all(8)
                .filter(|bucket| bucket.holds(practice))
                .collect();
            assert_eq!(holders.len(), 1);
            sizes[usize::from(holders[0].number())] += 1;
        }
        assert!(
            sizes.iter().all(|size| (25..75).contains(size)),
            "{sizes:?}"
        );
    }

    #[test]
    fn the_division_is_the_same_in_every_release() {
        let practice = PracticeId::from(Uuid::from_u128(0x0190_a5b2_c3d4_7abc_8def_0123_4567_89ab));
        let bucket = Bucket::all(256)
            .find(|bucket| bucket.holds(practice))
            .expect("a bucket");
        assert_eq!(bucket.number(), 137);
    }

    #[test]
    fn a_bucket_outside_the_division_is_refused() {
        assert_eq!(Bucket::new(8, 8), Err(BucketError));
        assert_eq!(Bucket::new(0, 0), Err(BucketError));
        assert_eq!(Bucket::new(0, 257), Err(BucketError));
        assert_eq!(Bucket::all(300).count(), 0);
    }
}
