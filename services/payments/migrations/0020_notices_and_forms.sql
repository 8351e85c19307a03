-- A card form that its payer revoked: what it allowed to charge waits for another signature.
alter table payments.methods add column authorization_revoked boolean not null default false;

update payments.methods method
set authorization_revoked = true
where method.authorization_id is null
    and exists (
        select 1
        from payments.card_signatures signature
        join payments.card_authorizations form
            on form.practice_id = signature.practice_id and form.authorization_id = signature.authorization_id
        where signature.practice_id = method.practice_id
            and signature.method_id = method.method_id
            and form.state = 'revoked'
    );

-- When the charge that a payer was told of was made: one notice is for one charge.
alter table payments.upcoming_charges add column charge_time timestamptz;

-- As before (0018), but for these two.
drop view payments.autopay_candidates;

create view payments.autopay_candidates with (security_invoker = true) as
select
    bill.practice_id,
    bill.bill_id,
    bill.client_id,
    bill.reference,
    bill.status,
    bill.currency,
    bill.client_balance_minor,
    bill.due_date,
    bill.last_service_date,
    bill.insurer_decided,
    bill.insurer_paid and not bill.insurer_decided and bill.insurance_balance_minor > 0 as under_review,
    enrolment.payer_kind,
    enrolment.payer_id,
    enrolment.client_id is not null and enrolment.turn_off_time is null as turned_on,
    enrolment.charges_since is not null
        and (bill.owed_since is null or bill.owed_since < enrolment.charges_since) as old,
    hold.hold_time is not null as held,
    case when told.charge_time is null then told.charge_date end as charge_date,
    case when told.charge_time is null then told.amount_minor end as told_minor,
    method.method_id,
    method.processor_method,
    method.processor_customer,
    method.funding,
    method.hsa_fsa,
    method.mark as method_mark,
    coalesce(method.authorization_revoked, false) as authorization_revoked,
    paid.refunded,
    paid.in_progress,
    paid.first_decline_date,
    paid.last_decline_date,
    paid.hard_decline,
    method.processor_account,
    method.processor_account is distinct from practice.processor_account as former_account
from payments.bills bill
left join payments.practices practice
    on practice.practice_id = bill.practice_id
left join payments.autopay_enrolments enrolment
    on enrolment.practice_id = bill.practice_id and enrolment.client_id = bill.client_id
left join payments.autopay_holds hold
    on hold.practice_id = bill.practice_id and hold.bill_id = bill.bill_id
left join payments.upcoming_charges told
    on told.practice_id = bill.practice_id and told.bill_id = bill.bill_id
-- The method that was chosen, or the one that took its place, or the payer's default.
left join lateral (
    select
        on_file.method_id,
        on_file.processor_method,
        on_file.processor_customer,
        on_file.funding,
        on_file.hsa_fsa,
        on_file.processor_account,
        on_file.authorization_revoked,
        concat(on_file.processor_method, '/', on_file.exp_year, '-', on_file.exp_month) as mark
    from payments.methods on_file
    left join payments.methods chosen
        on chosen.practice_id = enrolment.practice_id and chosen.method_id = enrolment.method_id
    where on_file.practice_id = enrolment.practice_id
        and on_file.client_id = enrolment.client_id
        and on_file.payer_kind = enrolment.payer_kind
        and on_file.payer_id = enrolment.payer_id
        and on_file.state <> 'removed'
        and (on_file.is_default or on_file.method_id in (enrolment.method_id, chosen.replaced_by))
    order by
        on_file.method_id is not distinct from enrolment.method_id desc,
        on_file.method_id is not distinct from chosen.replaced_by desc
    limit 1
) method on true
-- What was paid on it and what was declined. Declines count with the same method, and since staff gave it free.
cross join lateral (
    select
        coalesce(bool_or(payment.refunded_minor > 0), false) as refunded,
        coalesce(
            bool_or(
                payment.state in ('created', 'requires_action', 'processing', 'unknown')
                or payment.state = 'succeeded' and not payment.posted
            ),
            false
        ) as in_progress,
        min(item.run_date) filter (where counts.it) as first_decline_date,
        max(item.run_date) filter (where counts.it) as last_decline_date,
        coalesce(bool_or(payment.decline_hard) filter (where counts.it), false) as hard_decline
    from payments.payment_allocations part
    join payments.payments payment
        on payment.practice_id = part.practice_id and payment.payment_id = part.payment_id
    left join payments.autopay_items item
        on item.practice_id = payment.practice_id and item.payment_id = payment.payment_id
    cross join lateral (
        select payment.state = 'failed'
            and item.method_mark = method.mark
            and (hold.release_time is null or payment.create_time > hold.release_time) as it
    ) counts
    where part.practice_id = bill.practice_id and part.bill_id = bill.bill_id
) paid;

grant select on payments.autopay_candidates to evenkeel_payments;
