use ids::PracticeId;
use pg::verify::Finding;
use serde_json::{Value, json};

/// What is found in all practices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One after the other.
    pub practices: Vec<Checked>,
}

/// What is found in one practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Which.
    pub practice: PracticeId,
    /// Of each that was asked: its name, and what breaks its invariants. `suite` is what the services have to agree on.
    pub services: Vec<(&'static str, Vec<Finding>)>,
}

impl Report {
    /// How many rows break an invariant.
    pub fn count(&self) -> usize {
        self.practices.iter().map(Checked::count).sum()
    }

    /// The last line that people read.
    pub fn summary(&self) -> String {
        let practices = match self.practices.len() {
            1 => "1 practice".to_owned(),
            several => format!("{several} practices"),
        };
        match self.count() {
            0 => format!("{practices}: everything holds"),
            1 => format!("{practices}: 1 row breaks an invariant"),
            broken => format!("{practices}: {broken} rows break an invariant"),
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let practices = self.practices.iter().map(Checked::json);
        json!({ "practices": practices.collect::<Vec<_>>(), "findingCount": self.count() })
    }
}

impl Checked {
    /// How many rows break an invariant.
    pub fn count(&self) -> usize {
        self.services.iter().map(|(_, found)| found.len()).sum()
    }

    /// A line for each service where all is well, one for each row where it is not.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        for (service, found) in &self.services {
            if found.is_empty() {
                lines.push(format!("{}  {service:9} ok", self.practice));
            }
            for finding in found {
                lines.push(format!("{}  {service:9} {finding}", self.practice));
            }
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let findings = self.services.iter().flat_map(|(service, found)| {
            found.iter().map(move |finding| {
                json!({
                    "service": service,
                    "invariant": finding.invariant.code,
                    "rule": finding.invariant.rule,
                    "subject": finding.subject,
                    "explanation": finding.explanation,
                })
            })
        });
        let services: Vec<_> = self.services.iter().map(|(service, _)| *service).collect();
        json!({
            "practice": self.practice.to_string(),
            "checked": services,
            "findings": findings.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::BOOKED;

    #[test]
    fn what_is_well_is_a_line_and_so_is_each_row_that_is_not() {
        let practice = PracticeId::from(uuid::Uuid::nil());
        let broken = Finding::new(BOOKED, "payments", "3 came, 2 are booked".to_owned());
        let checked = Checked {
            practice,
            services: vec![("billing", Vec::new()), ("suite", vec![broken])],
        };
        let text = checked.text();
        let mut lines = text.lines();
        assert!(lines.next().expect("a line").ends_with("billing   ok"));
        let line = lines.next().expect("a line");
        assert!(line.contains("suite     O5 (") && line.ends_with("3 came, 2 are booked"));
        let report = Report {
            practices: vec![checked],
        };
        assert_eq!(report.count(), 1);
        let json = report.json();
        assert_eq!(json["practices"][0]["findings"][0]["invariant"], "O5");
        assert_eq!(json["practices"][0]["checked"][0], "billing");
        assert!(report.summary().contains("1 row breaks"));
    }
}
