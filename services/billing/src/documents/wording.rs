use jiff::civil::Date;
use money::Money;
use serde::Serialize;

/// `March 31, 2026`.
pub(super) fn long_date(date: Date) -> String {
    date.strftime("%B %-d, %Y").to_string()
}

/// `Mar 31, 2026`, for tables.
pub(super) fn short_date(date: Date) -> String {
    date.strftime("%b %-d, %Y").to_string()
}

/// `$1,234.50`, and `−$5.00` with a real minus sign.
pub(super) fn amount(money: Money) -> String {
    money.to_string().replace('-', "−")
}

/// Where the reader stands, printed first and again at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What is owed; below 0 is credit.
    #[serde(skip)]
    pub money: Money,
    /// What is owed; `$0.00` when nothing is.
    pub balance: String,
    /// The balance in a sentence.
    pub sentence: String,
    /// The day the figures are true for, in long form.
    pub as_of_date: String,
    /// The same as a date.
    #[serde(skip)]
    pub date: Date,
}

impl Standing {
    /// The standing of `balance`, to be paid by `due_date` if there is one.
    pub(super) fn of(balance: Money, due_date: Option<Date>, as_of_date: Date) -> Self {
        let sentence = if balance.is_zero() {
            "Nothing is due. Thank you.".to_owned()
        } else if balance.is_negative() {
            "This is a credit in your favor. Nothing is due. Thank you.".to_owned()
        } else {
            match due_date {
                Some(date) if date < as_of_date => {
                    format!("{} was due on {}.", amount(balance), long_date(date))
                }
                Some(date) => format!("Please pay {} by {}.", amount(balance), long_date(date)),
                None => format!("{} is due.", amount(balance)),
            }
        };
        Self {
            money: balance,
            balance: amount(balance),
            sentence,
            as_of_date: long_date(as_of_date),
            date: as_of_date,
        }
    }

    /// The same, of a reader who should know that insurers have yet to settle so much.
    pub(super) fn awaiting(mut self, insurers: Money) -> Self {
        if insurers.is_positive() {
            if self.money.is_zero() {
                self.sentence = "Nothing is due now.".to_owned();
            }
            let waiting = format!(
                " Insurance has yet to settle {}; should anything be left to pay, you will be told.",
                amount(insurers)
            );
            self.sentence.push_str(&waiting);
        }
        self
    }

    /// `Balance: $0.00`.
    pub fn text(&self) -> String {
        format!("Balance: {}", self.balance)
    }
}
