use crate::Result;
use crate::domain::sharing::{Block, SHORTEST_DELAY_MINUTES, Schedule, Share, SharePolicy};
use crate::ops::list_shares::SharePage;
use ::rpc::wire;
use proto::billing::v1 as contract;

/// Whether the PDF goes along; none when the request leaves it to the policy.
#[must_use]
pub const fn with_pdf(content: contract::ShareContent) -> Option<bool> {
    match content {
        contract::ShareContent::Unspecified => None,
        contract::ShareContent::WithPdf => Some(true),
        contract::ShareContent::PortalOnly => Some(false),
    }
}

/// The same of a bill that is shared now.
#[must_use]
pub fn wants_pdf(asked: &contract::ShareBillRequest) -> Option<bool> {
    if asked.without_pdf {
        Some(false)
    } else {
        with_pdf(asked.content())
    }
}

const fn content(with_pdf: bool) -> contract::ShareContent {
    if with_pdf {
        contract::ShareContent::WithPdf
    } else {
        contract::ShareContent::PortalOnly
    }
}

/// A policy as it was asked for, whose bounds the contract checks.
#[must_use]
pub fn asked_policy(asked: &contract::SharePolicy) -> SharePolicy {
    let delay_minutes = match asked.delay_minutes {
        0 => SHORTEST_DELAY_MINUTES,
        minutes => minutes,
    };
    SharePolicy {
        automatic: asked.automatic,
        delay_minutes,
        with_pdf: with_pdf(asked.content()).unwrap_or(true),
    }
}

/// A policy as it is shown.
#[must_use]
pub fn policy(policy: &SharePolicy) -> contract::SharePolicy {
    contract::SharePolicy {
        automatic: policy.automatic,
        delay_minutes: policy.delay_minutes,
        content: content(policy.with_pdf).into(),
    }
}

/// A page of shares.
#[must_use]
pub fn share_page(page: SharePage) -> contract::ListSharesResponse {
    contract::ListSharesResponse {
        scheduled: page.scheduled.into_iter().map(scheduled).collect(),
        shares: page.shares.items.into_iter().map(share).collect(),
        next_page_token: page.shares.next_page_token,
    }
}

fn share(share: Share) -> contract::Share {
    contract::Share {
        share_id: share.share.to_string(),
        bill_id: share.bill.to_string(),
        client_id: share.client.to_string(),
        share_time: Some(wire::time(share.share_time)),
        content: content(share.with_pdf).into(),
        automatic: share.shared_by.is_none(),
        shared_by: share.shared_by.unwrap_or_default(),
    }
}

fn scheduled(schedule: Schedule) -> contract::ScheduledShare {
    let block = match schedule.block {
        None => contract::ShareBlock::Unspecified,
        Some(Block::NoEmailAddress) => contract::ShareBlock::NoEmailAddress,
    };
    contract::ScheduledShare {
        bill_id: schedule.bill.to_string(),
        client_id: schedule.client.to_string(),
        scheduled_time: Some(wire::time(schedule.scheduled_time)),
        content: content(schedule.with_pdf).into(),
        automatic: schedule.scheduled_by.is_none(),
        scheduled_by: schedule.scheduled_by.unwrap_or_default(),
        block: block.into(),
    }
}

/// When a share is wanted. Errors: INVALID_FIELD.
pub fn scheduled_time(
    asked: &contract::ScheduleShareRequest,
) -> Result<(jiff::Timestamp, Option<bool>)> {
    let time = ::rpc::parse::time(asked.scheduled_time, "scheduled_time")?;
    Ok((time, with_pdf(asked.content())))
}
