-- What nights of AutoPay choose among all open bills, by hand: one statement for all practices, in one transaction.
begin;

insert into payments.autopay_runs (practice_id, run_date, start_time, select_time, currency)
select practice_id, (now() at time zone 'UTC')::date, now(), now(), currency from payments.practices;

insert into payments.autopay_items (
    practice_id, run_date, bill_id, payer_id, payer_kind, client_id, state, skip_reason, amount_minor, method_id,
    method_mark, update_time
)
select
    found.practice_id,
    (now() at time zone 'UTC')::date,
    found.bill_id,
    found.payer_id,
    found.payer_kind,
    found.client_id,
    case when found.skip_reason is null then 'due' else 'skipped' end,
    found.skip_reason,
    found.client_balance_minor,
    found.method_id,
    '',
    now()
from (
    select
        bill.*,
        enrolment.payer_id,
        enrolment.payer_kind,
        method.method_id,
        case
            when enrolment.charges_since is not null
                and (bill.owed_since is null or bill.owed_since < enrolment.charges_since) then 'old_balance'
            when hold.hold_time is not null then 'held'
            when bill.insurer_paid and not bill.insurer_decided and bill.insurance_balance_minor > 0
                then 'under_review'
            when paid.refunded then 'refunded'
            when paid.in_progress then 'payment_in_progress'
            when method.method_id is null then 'no_method'
            when told.charge_date > (now() at time zone 'UTC')::date then 'upcoming_charge'
            when bill.last_service_date > (now() at time zone 'UTC')::date then 'before_service'
        end as skip_reason
    from payments.bills bill
    join payments.autopay_enrolments enrolment
        on enrolment.practice_id = bill.practice_id
        and enrolment.client_id = bill.client_id
        and enrolment.turn_off_time is null
    left join payments.autopay_holds hold
        on hold.practice_id = bill.practice_id and hold.bill_id = bill.bill_id
    left join payments.upcoming_charges told
        on told.practice_id = bill.practice_id and told.bill_id = bill.bill_id
    left join payments.methods method
        on method.practice_id = enrolment.practice_id
        and method.payer_kind = enrolment.payer_kind
        and method.payer_id = enrolment.payer_id
        and method.is_default
    left join (
        select
            part.practice_id,
            part.bill_id,
            bool_or(payment.refunded_minor > 0) as refunded,
            bool_or(payment.state in ('created', 'requires_action', 'processing', 'unknown')) as in_progress
        from payments.payment_allocations part
        join payments.payments payment
            on payment.practice_id = part.practice_id and payment.payment_id = part.payment_id
        group by part.practice_id, part.bill_id
    ) paid
        on paid.practice_id = bill.practice_id and paid.bill_id = bill.bill_id
    where bill.status = 'open'
        and bill.client_balance_minor > 0
        and bill.due_date <= (now() at time zone 'UTC')::date
) found;

update payments.autopay_runs run
set end_time = now(), skipped_count = counted.skipped
from (
    select practice_id, count(*) filter (where state = 'skipped') as skipped
    from payments.autopay_items
    group by practice_id
) counted
where counted.practice_id = run.practice_id;

commit;
