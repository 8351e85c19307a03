use super::Answer;
use crate::book::Act;
use crate::params::Params;
use crate::shape;

/// `GET /v1/account`
pub fn retrieve(act: &mut Act<'_>, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::account(act.book))
}
