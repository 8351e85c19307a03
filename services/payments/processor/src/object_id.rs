use crate::ProcessorError;

const LONGEST: usize = 255;

/// Whether `id` looks like one of Stripe's ids: letters, digits and underscores. Ids go into URL
/// paths, and payment methods are named by browsers.
pub(crate) fn is_object_id(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `id` if it looks like one; `param` names it in the error.
pub(crate) fn checked<'id>(param: &str, id: &'id str) -> Result<&'id str, ProcessorError> {
    if is_object_id(id) {
        Ok(id)
    } else {
        Err(ProcessorError::unsendable(
            param,
            "not an id of the processor's",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_lead_a_path_elsewhere() {
        assert_eq!(
            checked("intent", "pi_3MtwBwLkdIwHu7ix28a3tqPa"),
            Ok("pi_3MtwBwLkdIwHu7ix28a3tqPa")
        );
        for id in [
            "",
            "pi_1/confirm",
            "../customers",
            "pi_1?x=1",
            "pi 1",
            "pi_1%2f",
            "pï_1",
            &"a".repeat(256),
        ] {
            assert!(
                matches!(checked("intent", id), Err(ProcessorError::Rejected { .. })),
                "{id:?}"
            );
        }
    }
}
