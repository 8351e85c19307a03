use crate::domain::message::Message;
use crate::store::messages::MessageFilter;
use crate::{Error, Notifications, Result, store};
use ::rpc::Caller;
use ids::{MessageId, PracticeId};
use pg::{Filter, Page};

/// Which page of a list.
#[derive(Clone, Copy, Debug)]
pub struct PageAsked<'a> {
    /// As asked: 0 is 50, at most 500.
    pub size: i32,
    /// Empty for the first.
    pub token: &'a str,
    /// What the list is asked for, which seals the token.
    pub filter: Filter,
}

/// Lists mails, newest first. Errors: PAGE_TOKEN_INVALID.
pub async fn list_messages(
    notifications: &Notifications,
    caller: &Caller,
    practice: PracticeId,
    filter: &MessageFilter,
    page: PageAsked<'_>,
) -> Result<Page<Message>> {
    caller.within(practice)?;
    let size = pg::page_size(page.size)?;
    let before: Option<MessageId> = notifications.page_key.open(page.filter, page.token)?;
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let mut tx = pg::begin(&notifications.db, practice).await?;
    let messages = store::messages::list(&mut tx, practice, filter, before, limit).await?;
    let seal = (&notifications.page_key, page.filter);
    Page::cut(messages, size, seal, |last| last.message_id)
        .map_err(|_| Error::Stored("a position that cannot be sealed"))
}
