-- Accounts of practices' own at the processor. A practice has one at a time, from its beginning until its owner takes our
-- access away; one is written down before the processor is asked to make it.
create table payments.connections (
    practice_id uuid not null,
    connection_id uuid not null,
    -- acct_…; none before the processor has answered.
    processor_account text,
    charges_enabled boolean not null default false,
    payouts_enabled boolean not null default false,
    details_submitted boolean not null default false,
    -- What the processor wants to know, and why something is disabled, in its words.
    requirements_due text[] not null default '{}',
    disabled_reason text not null default '',
    -- When the processor was asked for what stands above: what was asked earlier and answered later changes nothing.
    read_time timestamptz,
    -- When it took charges for the first time. From then on the practice's payments are made on it.
    enable_time timestamptz,
    -- When we heard that our access was taken away.
    disconnect_time timestamptz,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint connections_pkey primary key (practice_id, connection_id),
    constraint connections_account_key unique (practice_id, processor_account),
    constraint connections_made_check check (
        processor_account is not null or (enable_time is null and disconnect_time is null)
    )
) with (fillfactor = 80);

-- One at a time.
create unique index connections_live_key on payments.connections (practice_id) where disconnect_time is null;

alter table payments.connections enable row level security;

create policy connections_practice on payments.connections
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.connections to evenkeel_payments;

-- Whose an account is: looked up before the practice is known, unique over all practices. Not per tenant.
create table payments.connected_accounts (
    processor_account text not null,
    practice_id uuid not null,
    constraint connected_accounts_pkey primary key (processor_account)
);

grant select, insert, update on payments.connected_accounts to evenkeel_payments;

-- A payer is another customer on each account. That on the installation's account stands in customers.
create table payments.account_customers (
    practice_id uuid not null,
    payer_kind text not null,
    payer_id uuid not null,
    processor_account text not null,
    -- What the customer carries at the processor instead of a name.
    payer_account_id uuid not null,
    -- cus_…; none before the processor has answered.
    processor_customer text,
    create_time timestamptz not null,
    constraint account_customers_pkey primary key (practice_id, payer_kind, payer_id, processor_account),
    constraint account_customers_account_key unique (practice_id, payer_account_id),
    constraint account_customers_payer_fkey foreign key (practice_id, payer_kind, payer_id)
        references payments.customers (practice_id, payer_kind, payer_id)
);

alter table payments.account_customers enable row level security;

create policy account_customers_practice on payments.account_customers
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.account_customers to evenkeel_payments;

-- What was made on an account stays with it; null is the installation's. Refunds, disputes and calls are on the account of
-- their payment. A practice's is the account on which new payments are made.
alter table payments.practices add column processor_account text;
alter table payments.payments add column processor_account text;
alter table payments.method_setups add column processor_account text;
alter table payments.methods add column processor_account text;
alter table payments.detachments add column processor_account text;
alter table payments.processor_objects add column processor_account text;
alter table payments.webhooks add column processor_account text;

alter table payments.attempts drop constraint attempts_call_check;
alter table payments.attempts add constraint attempts_call_check check (
    call in (
        'create_intent', 'confirm_intent', 'create_refund', 'create_customer', 'create_setup', 'cancel_setup', 'detach_method',
        'create_account'
    )
);

-- As before, and with which account the method is on file.
create or replace view payments.autopay_candidates with (security_invoker = true) as
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
    told.charge_date,
    told.amount_minor as told_minor,
    method.method_id,
    method.processor_method,
    method.processor_customer,
    method.funding,
    method.hsa_fsa,
    method.mark as method_mark,
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
