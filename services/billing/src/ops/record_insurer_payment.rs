use super::entry;
use super::get_bill::{ShownBill, shown};
use crate::domain::adjustment;
use crate::domain::entry::{Act, Entry};
use crate::domain::insurer::{self, Decided, InsurerRefusal};
use crate::store::insurer_payments::InsurerPayment;
use crate::store::practices::Practice;
use crate::wire::event;
use crate::{Billing, Error, OUTBOX, REQUESTS, Result, store};
use ::rpc::{Caller, Invalid};
use ids::{BillId, InsurerPaymentId, PracticeId};
use jiff::Timestamp;
use jiff::civil::Date;
use money::Money;
use pg::RequestKey;
use sqlx::PgConnection;

/// What an insurer paid and decided.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordInsurerPayment {
    /// The practice.
    pub practice: PracticeId,
    /// The bill.
    pub bill: BillId,
    /// 0 or more; 0 only with a decision.
    pub paid: Money,
    /// What the client owes in the end, 0 or more; none is a payment on account.
    pub client_owes: Option<Money>,
    /// Business date.
    pub receive_date: Date,
    /// Check or EFT number.
    pub check_number: String,
    /// For the practice.
    pub note: String,
}

/// An insurer's payment as it was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct InsurerPaymentRecorded {
    /// The payment.
    pub payment: InsurerPayment,
    /// Its entry.
    pub entry: Entry,
    /// The bill, as it stands.
    pub bill: ShownBill,
}

/// Books what an insurer paid and decided on a bill. Errors: as LedgerService.RecordInsurerPayment says.
pub async fn record_insurer_payment(
    billing: &Billing,
    caller: &Caller,
    key: &RequestKey,
    asked: RecordInsurerPayment,
) -> Result<InsurerPaymentRecorded> {
    let (practice_id, bill) = (asked.practice, asked.bill);
    caller.within(practice_id)?;
    let now = billing.clock.now();
    let id = InsurerPaymentId::new(&billing.clock);
    let mut tx = pg::begin(&billing.db, practice_id).await?;
    if let Some(first) = REQUESTS.replayed(&mut tx, key, id.uuid(), now).await? {
        return recorded_before(&mut tx, (practice_id, first.into()), now).await;
    }
    let practice = store::practices::get(&mut tx, practice_id).await?;
    let (paid, client_owes) = checked(&practice, &asked)?;
    let before = store::bills::lock_one(&mut tx, practice_id, bill).await?;
    let placed = store::payments::placed_on_bill(&mut tx, practice_id, bill).await?;
    let whose = (bill, practice.currency);
    let adjustments = store::adjustments::live_on_bill(&mut tx, practice_id, whose).await?;

    let net = client_owes
        .map(|owes| adjustment::less_taken(owes, &adjustments))
        .transpose()?;
    let decided = insurer::receive_insurer_payment(&before.standing, paid, net, &placed)
        .map_err(|refusal| refused(refusal, bill))?;
    let client = before.standing.client;
    let policy = before
        .standing
        .policy
        .ok_or(Error::NoInsuranceShare(bill))?;
    let (payer, payer_name) =
        store::people::get_payer_of_policy(&mut tx, practice_id, client, policy).await?;
    let act = Act::InsurerPayment(id, bill);
    let entry = entry(
        &billing.clock,
        (act, client),
        asked.receive_date,
        &decided.transfers,
    )?;
    let payment = InsurerPayment {
        id,
        bill,
        policy,
        payer,
        entry: entry.id,
        paid,
        client_owes,
        credited: decided.credited,
        receive_date: asked.receive_date,
        check_number: asked.check_number,
        note: asked.note,
    };

    write(&mut tx, (practice_id, now), (&payment, &entry), &decided).await?;
    let bill = shown(&mut tx, practice_id, bill, now).await?;
    let recorded = event::insurer_payment_recorded(&payment, client, payer_name);
    let events = [
        event::of(&billing.clock, &recorded),
        event::of(
            &billing.clock,
            &event::balance_changed(&bill.bill, entry.id),
        ),
        event::of(&billing.clock, &event::entry_posted(practice_id, &entry)),
    ];
    OUTBOX.append(&mut tx, practice_id, now, &events).await?;
    tx.commit().await?;
    Ok(InsurerPaymentRecorded {
        payment,
        entry,
        bill,
    })
}

async fn recorded_before(
    conn: &mut PgConnection,
    (practice, id): (PracticeId, InsurerPaymentId),
    now: Timestamp,
) -> Result<InsurerPaymentRecorded> {
    let payment = store::insurer_payments::get(conn, practice, id).await?;
    let entry = store::entries::get(conn, practice, payment.entry).await?;
    let bill = shown(conn, practice, payment.bill, now).await?;
    Ok(InsurerPaymentRecorded {
        payment,
        entry,
        bill,
    })
}

async fn write(
    conn: &mut PgConnection,
    (practice, now): (PracticeId, Timestamp),
    (payment, entry): (&InsurerPayment, &Entry),
    decided: &Decided,
) -> Result<()> {
    store::bills::update_standings(conn, practice, &[decided.bill]).await?;
    if !decided.freed.is_empty() {
        store::payments::take_placed(conn, practice, &decided.freed).await?;
        store::payments::add_credit(conn, practice, &decided.freed).await?;
    }
    store::entries::insert(conn, practice, now, std::slice::from_ref(entry)).await?;
    store::insurer_payments::insert(conn, practice, now, payment).await?;
    store::accounts::move_balances(conn, practice, std::slice::from_ref(entry)).await
}

fn checked(practice: &Practice, asked: &RecordInsurerPayment) -> Result<(Money, Option<Money>)> {
    let paid = practice.in_currency(asked.paid, "paid")?;
    let owes = asked
        .client_owes
        .map(|owes| practice.in_currency(owes, "decision.client_owes"))
        .transpose()?;
    if paid.is_zero() && owes.is_none() {
        return Err(Invalid::new("paid", "must be greater than 0 without a decision").into());
    }
    Ok((paid, owes))
}

fn refused(refusal: InsurerRefusal, bill: BillId) -> Error {
    match refusal {
        InsurerRefusal::Cancelled => Error::BillCancelled(bill),
        InsurerRefusal::NoInsuranceShare => Error::NoInsuranceShare(bill),
        InsurerRefusal::ExceedsInsuranceBalance(balance) => Error::ExceedsInsuranceBalance(balance),
        InsurerRefusal::Money(error) => Error::Money(error),
    }
}
