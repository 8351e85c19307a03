//! The code set of Medicare and Medicaid (CMS) for where a service took place, as of 2026. A superbill prints code and
//! name.

/// The name of a place's code; none when the set does not have it.
#[must_use]
pub fn place_of_service(code: &str) -> Option<&'static str> {
    let name = match code {
        "01" => "Pharmacy",
        "02" => "Telehealth provided other than in the patient's home",
        "03" => "School",
        "04" => "Homeless shelter",
        "05" => "Indian Health Service free-standing facility",
        "06" => "Indian Health Service provider-based facility",
        "07" => "Tribal 638 free-standing facility",
        "08" => "Tribal 638 provider-based facility",
        "09" => "Prison or correctional facility",
        "10" => "Telehealth provided in the patient's home",
        "11" => "Office",
        "12" => "Home",
        "13" => "Assisted living facility",
        "14" => "Group home",
        "15" => "Mobile unit",
        "16" => "Temporary lodging",
        "17" => "Walk-in retail health clinic",
        "18" => "Place of employment or worksite",
        "19" => "Off-campus outpatient hospital",
        "20" => "Urgent care facility",
        "21" => "Inpatient hospital",
        "22" => "On-campus outpatient hospital",
        "23" => "Emergency room",
        "24" => "Ambulatory surgical center",
        "25" => "Birthing center",
        "26" => "Military treatment facility",
        "27" => "Outreach site or street",
        "31" => "Skilled nursing facility",
        "32" => "Nursing facility",
        "33" => "Custodial care facility",
        "34" => "Hospice",
        "41" => "Ambulance, land",
        "42" => "Ambulance, air or water",
        "49" => "Independent clinic",
        "50" => "Federally qualified health center",
        "51" => "Inpatient psychiatric facility",
        "52" => "Psychiatric facility, partial hospitalization",
        "53" => "Community mental health center",
        "54" => "Intermediate care facility for individuals with intellectual disabilities",
        "55" => "Residential substance abuse treatment facility",
        "56" => "Psychiatric residential treatment center",
        "57" => "Non-residential substance abuse treatment facility",
        "58" => "Non-residential opioid treatment facility",
        "60" => "Mass immunization center",
        "61" => "Comprehensive inpatient rehabilitation facility",
        "62" => "Comprehensive outpatient rehabilitation facility",
        "65" => "End-stage renal disease treatment facility",
        "66" => "Programs of all-inclusive care for the elderly (PACE) center",
        "71" => "Public health clinic",
        "72" => "Rural health clinic",
        "81" => "Independent laboratory",
        "99" => "Other place of service",
        _unassigned => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_the_set_has_its_name_and_another_has_none() {
        assert_eq!(place_of_service("11"), Some("Office"));
        assert_eq!(
            place_of_service("10"),
            Some("Telehealth provided in the patient's home")
        );
        for code in ["", "00", "1", "30", "011", "aa", "98"] {
            assert_eq!(place_of_service(code), None, "{code}");
        }
        let assigned = (0..100).filter(|code| place_of_service(&format!("{code:02}")).is_some());
        assert_eq!(assigned.count(), 52);
    }
}
