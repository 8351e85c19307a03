//! Failing on command: by the header `X-Sandbox-Fault`, or by a rule that waits for its request.
//!
//! The words, joined by commas: `delay=250ms` (before the work), `delay_after_work=250ms`, and one ending of
//! `timeout` `timeout_after_work` (no answer), `reset` `reset_after_work` (the connection is cut), `status=500`
//! `status_after_work=500`, `garbage` (200 and half a JSON after the work).

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds of one delay, at most.
const MAX_DELAY_MS: u64 = 600_000;
/// Rules that wait at once, at most.
const MAX_RULES: usize = 1_000;

/// What happens to one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fault {
    pub before: Duration,
    pub after: Duration,
    pub ending: Ending,
}

/// How it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ending {
    /// The work is done and answered.
    #[default]
    Answer,
    /// No answer, with or without the work done.
    Hang { worked: bool },
    /// The connection is cut, with or without the work done.
    Reset { worked: bool },
    /// Another status than the work deserves, with or without the work done.
    Status { code: u16, worked: bool },
    /// The work is done, the answer cannot be read.
    Garbage,
}

impl Ending {
    /// Whether the work is done.
    pub fn works(self) -> bool {
        match self {
            Ending::Answer | Ending::Garbage => true,
            Ending::Hang { worked } | Ending::Reset { worked } | Ending::Status { worked, .. } => {
                worked
            }
        }
    }
}

/// A word that is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no fault; one of delay=…ms, delay_after_work=…ms, timeout, timeout_after_work, \
        reset, reset_after_work, status=…, status_after_work=…, garbage"
)]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let mut fault = Fault::default();
        for word in text.split([',', '|']).map(str::trim) {
            let unknown = || UnknownFault(word.to_owned());
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "delay" => fault.before = delay(value).ok_or_else(unknown)?,
                "delay_after_work" => fault.after = delay(value).ok_or_else(unknown)?,
                "timeout" => fault.ending = Ending::Hang { worked: false },
                "timeout_after_work" => fault.ending = Ending::Hang { worked: true },
                "reset" => fault.ending = Ending::Reset { worked: false },
                "reset_after_work" => fault.ending = Ending::Reset { worked: true },
                "garbage" => fault.ending = Ending::Garbage,
                "status" | "status_after_work" => {
                    let code = value
                        .parse()
                        .ok()
                        .filter(|code| (400..=599).contains(code))
                        .ok_or_else(unknown)?;
                    fault.ending = Ending::Status {
                        code,
                        worked: name == "status_after_work",
                    };
                }
                _ => return Err(unknown()),
            }
        }
        Ok(fault)
    }
}

/// `250ms`, `3s` or plain milliseconds.
pub fn delay(text: &str) -> Option<Duration> {
    let milliseconds = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => number.parse::<u64>().ok()?,
        (None, Some(number)) => number.parse::<u64>().ok()?.checked_mul(1000)?,
        (None, None) => text.parse::<u64>().ok()?,
    };
    (milliseconds <= MAX_DELAY_MS).then(|| Duration::from_millis(milliseconds))
}

/// A fault that waits for its requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match", default)]
    pub matching: Match,
    /// The words of a fault. `delay` alone takes its length from the field `delay`.
    pub kind: String,
    /// How many requests; 1 when not given.
    #[serde(default = "one")]
    pub count: u32,
    /// Milliseconds before the work.
    #[serde(default)]
    pub delay: u64,
}

fn one() -> u32 {
    1
}

/// Which requests: a method, and a path whose `*` stands for one segment. What is not given matches all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub method: Option<String>,
    pub path: Option<String>,
}

impl Match {
    fn fits(&self, method: &str, path: &str) -> bool {
        let method_fits = self
            .method
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        method_fits
            && self
                .path
                .as_deref()
                .is_none_or(|pattern| path_fits(pattern, path))
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (
        pattern.trim_matches('/').split('/'),
        path.trim_matches('/').split('/'),
    );
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(segment), Some(found)) if segment == "*" || segment == found => {}
            (Some(_), _) | (None, Some(_)) => return false,
        }
    }
}

/// The rules that wait, oldest first.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<(Rule, Fault)>,
}

impl Faults {
    /// Adds a rule.
    pub fn add(&mut self, rule: Rule) -> Result<(), UnknownFault> {
        let kind = if rule.kind == "delay" {
            format!("delay={}", rule.delay)
        } else {
            rule.kind.clone()
        };
        let mut fault: Fault = kind.parse()?;
        if rule.kind != "delay" && rule.delay > 0 {
            fault.before = delay(&rule.delay.to_string())
                .ok_or_else(|| UnknownFault(format!("delay={}", rule.delay)))?;
        }
        if self.rules.len() >= MAX_RULES {
            self.rules.remove(0);
        }
        self.rules.push((rule, fault));
        Ok(())
    }

    /// The fault for a request, if one waits for it; it is used up by one.
    pub fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let at = self
            .rules
            .iter()
            .position(|(rule, _)| rule.count > 0 && rule.matching.fits(method, path))?;
        let (rule, fault) = &mut self.rules[at];
        rule.count -= 1;
        let fault = *fault;
        if rule.count == 0 {
            self.rules.remove(at);
        }
        Some(fault)
    }

    /// The rules that wait.
    pub fn waiting(&self) -> Vec<Rule> {
        self.rules.iter().map(|(rule, _)| rule.clone()).collect()
    }

    /// Forgets all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_combine() {
        let fault: Fault = "delay=20ms, status_after_work=500"
            .parse()
            .expect("a fault");
        assert_eq!(
            fault,
            Fault {
                before: Duration::from_millis(20),
                after: Duration::ZERO,
                ending: Ending::Status {
                    code: 500,
                    worked: true
                }
            }
        );
        assert!("explode".parse::<Fault>().is_err());
        assert!("status=200".parse::<Fault>().is_err());
        assert!("delay=9000000ms".parse::<Fault>().is_err());
    }

    #[test]
    fn a_star_is_one_segment() {
        assert!(path_fits(
            "/v1/payment_intents/*/confirm",
            "/v1/payment_intents/pi_1/confirm"
        ));
        assert!(!path_fits(
            "/v1/payment_intents/*",
            "/v1/payment_intents/pi_1/confirm"
        ));
        assert!(!path_fits("/v1/payment_intents/*", "/v1/payment_intents"));
    }

    #[test]
    fn a_rule_is_used_up() {
        let mut faults = Faults::default();
        let rule = Rule {
            matching: Match {
                method: Some("post".into()),
                path: None,
            },
            kind: "reset".into(),
            count: 2,
            delay: 0,
        };
        faults.add(rule).expect("a fault");
        assert_eq!(faults.take("GET", "/v1/x"), None);
        assert!(faults.take("POST", "/v1/x").is_some());
        assert!(faults.take("POST", "/v1/y").is_some());
        assert_eq!(faults.take("POST", "/v1/x"), None);
    }
}
