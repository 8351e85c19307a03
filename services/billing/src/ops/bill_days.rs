//! Which days a bill may bear.

use crate::domain::bill::last_due_date;
use crate::domain::session::FIRST_DAY;
use ::rpc::Invalid;
use jiff::civil::Date;

/// The day a bill is issued: the one that was asked for, or today. Its entry stands in the books of that day, so it is
/// none to come. Errors: INVALID_FIELD.
pub(super) fn issued(asked: Option<Date>, today: Date) -> Result<Date, Invalid> {
    let issue_date = asked.unwrap_or(today);
    let must = if issue_date > today {
        "must not be after today in the practice's time zone".to_owned()
    } else if issue_date < FIRST_DAY {
        format!("must be on {FIRST_DAY} or later")
    } else {
        return Ok(issue_date);
    };
    Err(Invalid::new("issue_date", must))
}

/// When a bill is due, if that was asked for. Errors: INVALID_FIELD.
pub(super) fn due(asked: Option<Date>, today: Date) -> Result<Option<Date>, Invalid> {
    let last = last_due_date(today);
    if asked.is_some_and(|due_date| due_date > last) {
        let must = format!("must be on {last} or before");
        return Err(Invalid::new("due_date", must));
    }
    Ok(asked)
}
