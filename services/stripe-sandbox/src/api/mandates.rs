//! `mandate_data[customer_acceptance]`: how the customer agreed to debits.

use crate::error::ApiError;
use crate::params::{ParamError, Params};

/// Reads it for its form; true when it is there.
pub fn read(params: &mut Params) -> Result<bool, ApiError> {
    let Some(mut mandate) = params.hash("mandate_data")? else {
        return Ok(false);
    };
    let name = "customer_acceptance";
    let mut acceptance = mandate
        .hash(name)?
        .ok_or_else(|| ParamError::Missing(format!("mandate_data[{name}]")))?;
    let kind = acceptance
        .one_of("type", &["offline", "online"])?
        .ok_or_else(|| ParamError::Missing(format!("mandate_data[{name}][type]")))?;
    acceptance.integer("accepted_at")?;
    match acceptance.hash("online")? {
        Some(mut online) if kind == "online" => {
            online.required("ip_address")?;
            online.required("user_agent")?;
            online.finish()?;
        }
        Some(_) => return Err(of_the_other_kind("online")),
        None if kind == "online" => {
            let online = format!("mandate_data[{name}][online]");
            return Err(ParamError::Missing(online).into());
        }
        None => {}
    }
    if acceptance.hash("offline")?.is_some() && kind == "online" {
        return Err(of_the_other_kind("offline"));
    }
    acceptance.finish()?;
    mandate.finish()?;
    Ok(true)
}

fn of_the_other_kind(name: &str) -> ApiError {
    let name = format!("mandate_data[customer_acceptance][{name}]");
    ApiError::malformed(format!("{name} does not fit the type of the acceptance.")).param(name)
}
