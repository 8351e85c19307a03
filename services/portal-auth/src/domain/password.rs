//! What a password must be: long, and not one of those that everybody tries (no composition rules; ASVS 5.0).

/// Fewest characters of a password that stands alone, without a second factor.
pub const CHARACTERS_MIN: usize = 15;

/// Long enough to pass the length rule, yet among the first an attacker tries; lower case.
const BLOCKED: [&str; 12] = [
    "passwordpassword",
    "password1234567",
    "123456789012345",
    "1234567890123456",
    "qwertyuiopasdfgh",
    "qwertyqwertyqwerty",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "iloveyouiloveyou",
    "letmeinletmeinletmein",
    "administrator123",
    "evenkeelevenkeel",
];

/// Why a password is not taken, to follow "the password" in a sentence.
pub fn weakness(password: &str, email: &str) -> Option<&'static str> {
    let lower = password.to_lowercase();
    let name = email.split('@').next().unwrap_or_default().to_lowercase();
    if password.chars().count() < CHARACTERS_MIN {
        return Some("must have at least 15 characters");
    }
    if BLOCKED.contains(&lower.as_str()) || one_character(&lower) {
        return Some("is one of those that are tried first");
    }
    if name.chars().count() >= 4 && lower.contains(&name) {
        return Some("must not contain the sign-in name");
    }
    None
}

fn one_character(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

#[cfg(test)]
mod tests {
    use super::weakness;

    #[test]
    fn long_passwords_pass_and_guessable_ones_do_not() {
        assert_eq!(
            weakness("sturdy otter on a raft", "dana@practice.example"),
            None
        );
        assert!(weakness("short", "dana@practice.example").is_some());
        assert!(weakness("PasswordPassword", "dana@practice.example").is_some());
        assert!(weakness("aaaaaaaaaaaaaaaaaaaa", "dana@practice.example").is_some());
        assert!(weakness("dana-and-a-long-tail", "dana@practice.example").is_some());
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!(weakness("ööööüüüüääää", "dana@practice.example").is_some());
        assert_eq!(
            weakness("żółta łódka na jeziorze", "dana@practice.example"),
            None
        );
    }
}
