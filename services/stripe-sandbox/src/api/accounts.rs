use super::Answer;
use super::paging::Page;
use crate::book::Act;
use crate::book::accounts::{self, NewAccount};
use crate::error::ApiError;
use crate::metadata::Metadata;
use crate::params::{ParamError, Params};
use crate::shape;

/// The only kind of account that is made here.
const KINDS: &[&str] = &["standard"];
const LINKS: &[&str] = &["account_onboarding"];

/// `GET /v1/account`: the one the request acts for.
pub fn retrieve(act: &mut Act<'_>, params: Params) -> Answer {
    params.finish()?;
    Ok(shape::account(&act.book.account, own(act).as_ref()))
}

fn own(act: &Act<'_>) -> Option<crate::book::rows::Standing> {
    let platforms = act.book.standings.find(&act.book.account).cloned();
    act.standing.clone().or(platforms)
}

/// `POST /v1/accounts` with `type=standard`.
pub fn create(act: &mut Act<'_>, mut params: Params) -> Answer {
    platform_only(act)?;
    params
        .one_of("type", KINDS)?
        .ok_or_else(|| ParamError::Missing("type".to_owned()))?;
    let mut metadata = Metadata::new();
    if let Some(change) = params.metadata()? {
        change.apply(&mut metadata)?;
    }
    let new = NewAccount {
        email: params.text("email")?,
        country: params.text("country")?,
        metadata,
    };
    params.finish()?;
    let made = accounts::create(act, new);
    Ok(shape::account(&made.id, Some(&made)))
}

/// `GET /v1/accounts`: those that are connected.
pub fn list(act: &mut Act<'_>, mut params: Params) -> Answer {
    platform_only(act)?;
    let page = Page::read(&mut params)?;
    params.finish()?;
    let book = &*act.book;
    page.of(
        "/v1/accounts",
        &book.standings,
        |standing| !standing.deauthorized && standing.id != book.account,
        |standing| shape::account(&standing.id, Some(standing)),
    )
}

/// `GET /v1/accounts/:id`
pub fn retrieve_one(act: &mut Act<'_>, id: &str, params: Params) -> Answer {
    platform_only(act)?;
    params.finish()?;
    if id == act.book.account {
        return Ok(shape::account(id, own(act).as_ref()));
    }
    Ok(shape::account(id, Some(&accounts::existing(act, id)?)))
}

/// `POST /v1/account_links` with `type=account_onboarding`.
pub fn create_link(act: &mut Act<'_>, mut params: Params) -> Answer {
    platform_only(act)?;
    let account = params.required("account")?;
    let urls = (
        params.required("return_url")?,
        params.required("refresh_url")?,
    );
    params
        .one_of("type", LINKS)?
        .ok_or_else(|| ParamError::Missing("type".to_owned()))?;
    params.finish()?;
    let link = accounts::link(act, &account, urls)?;
    Ok(shape::account_link(act.base_url, &link))
}

fn platform_only(act: &Act<'_>) -> Result<(), ApiError> {
    if act.standing.is_none() {
        return Ok(());
    }
    Err(ApiError::malformed(
        "This call is for the platform; it is not made for a connected account.",
    )
    .code("platform_account_required"))
}
