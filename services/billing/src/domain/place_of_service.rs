//! CMS's names for where a service was rendered.

/// Code and name, as the Place of Service Code Set for professional claims has them.
const PLACES: [(&str, &str); 52] = [
    ("01", "Pharmacy"),
    ("02", "Telehealth provided other than in patient's home"),
    ("03", "School"),
    ("04", "Homeless shelter"),
    ("05", "Indian Health Service free-standing facility"),
    ("06", "Indian Health Service provider-based facility"),
    ("07", "Tribal 638 free-standing facility"),
    ("08", "Tribal 638 provider-based facility"),
    ("09", "Prison or correctional facility"),
    ("10", "Telehealth provided in patient's home"),
    ("11", "Office"),
    ("12", "Home"),
    ("13", "Assisted living facility"),
    ("14", "Group home"),
    ("15", "Mobile unit"),
    ("16", "Temporary lodging"),
    ("17", "Walk-in retail health clinic"),
    ("18", "Place of employment, worksite"),
    ("19", "Off campus outpatient hospital"),
    ("20", "Urgent care facility"),
    ("21", "Inpatient hospital"),
    ("22", "On campus outpatient hospital"),
    ("23", "Emergency room, hospital"),
    ("24", "Ambulatory surgical center"),
    ("25", "Birthing center"),
    ("26", "Military treatment facility"),
    ("27", "Outreach site, street"),
    ("31", "Skilled nursing facility"),
    ("32", "Nursing facility"),
    ("33", "Custodial care facility"),
    ("34", "Hospice"),
    ("41", "Ambulance, land"),
    ("42", "Ambulance, air or water"),
    ("49", "Independent clinic"),
    ("50", "Federally qualified health center"),
    ("51", "Inpatient psychiatric facility"),
    ("52", "Psychiatric facility, partial hospitalization"),
    ("53", "Community mental health center"),
    (
        "54",
        "Intermediate care facility for individuals with intellectual disabilities",
    ),
    ("55", "Residential substance abuse treatment facility"),
    ("56", "Psychiatric residential treatment center"),
    ("57", "Non-residential substance abuse treatment facility"),
    ("58", "Non-residential opioid treatment facility"),
    ("60", "Mass immunization center"),
    ("61", "Comprehensive inpatient rehabilitation facility"),
    ("62", "Comprehensive outpatient rehabilitation facility"),
    ("65", "End-stage renal disease treatment facility"),
    (
        "66",
        "Programs of all-inclusive care for the elderly center",
    ),
    ("71", "Public health clinic"),
    ("72", "Rural health clinic"),
    ("81", "Independent laboratory"),
    ("99", "Other place of service"),
];

/// The name of a code; none for one that CMS does not have.
#[must_use]
pub fn name(code: &str) -> Option<&'static str> {
    let found = PLACES.iter().find(|(known, _)| *known == code);
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_name() {
        assert!(PLACES.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(name("11"), Some("Office"));
        assert_eq!(name("10"), Some("Telehealth provided in patient's home"));
        assert_eq!(name("98"), None);
        assert_eq!(name(""), None);
    }
}
