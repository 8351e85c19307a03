-- Cards and bank accounts on file. Nothing of them but the processor's tokens and what may be shown: never a number, a
-- security code, a name or a zip.

-- Who pays is a client or one contact of a client. At the processor it is one customer, which is made once and keeps the
-- methods; its id is known before it is made, so that a repeat after a crash is the same customer.
create table payments.customers (
    practice_id uuid not null,
    payer_kind text not null,
    payer_id uuid not null,
    -- The client, or whose contact it is.
    client_id uuid not null,
    -- What the customer carries at the processor instead of a name.
    payer_account_id uuid not null,
    -- cus_…; none before the processor has answered.
    processor_customer text,
    create_time timestamptz not null,
    constraint customers_pkey primary key (practice_id, payer_kind, payer_id),
    constraint customers_account_key unique (practice_id, payer_account_id),
    constraint customers_payer_kind_check check (payer_kind in ('client', 'contact')),
    constraint customers_client_check check (payer_kind <> 'client' or payer_id = client_id)
);

alter table payments.customers enable row level security;

create policy customers_practice on payments.customers
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.customers to evenkeel_payments;

-- A method stays as a row after it was removed, because payments and signed forms name it.
create table payments.methods (
    practice_id uuid not null,
    method_id uuid not null,
    payer_kind text not null,
    payer_id uuid not null,
    client_id uuid not null,
    kind text not null,
    -- cus_… and pm_…. The second changes when the same card is added again: the newer one has the newer details.
    processor_customer text not null,
    processor_method text not null,
    -- The processor's word for "the same card or account"; empty when it has none.
    fingerprint text not null,
    -- 'visa'; of a bank account the bank's name.
    brand text not null,
    last4 text not null,
    exp_month smallint,
    exp_year smallint,
    funding text not null,
    -- The payer says that it is a health savings or flexible spending card.
    hsa_fsa boolean not null default false,
    -- What the bank said of the billing zip.
    zip_check text not null,
    state text not null,
    is_default boolean not null default false,
    -- The signed form that allows the practice to charge it; none when nobody signed.
    authorization_id uuid,
    -- The method that took its place, when it was replaced.
    replaced_by uuid,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint methods_pkey primary key (practice_id, method_id),
    constraint methods_customer_fkey foreign key (practice_id, payer_kind, payer_id)
        references payments.customers (practice_id, payer_kind, payer_id),
    constraint methods_kind_check check (kind in ('card', 'bank_account')),
    constraint methods_last4_check check (last4 ~ '^[0-9]{0,4}$'),
    constraint methods_expiry_check check (
        (exp_month is null) = (exp_year is null) and (exp_month is null or exp_month between 1 and 12)
    ),
    constraint methods_funding_check check (funding in ('credit', 'debit', 'prepaid', 'unknown')),
    constraint methods_zip_check_check check (zip_check in ('pass', 'fail', 'unavailable', 'unchecked')),
    constraint methods_state_check check (state in ('active', 'expired', 'removed')),
    constraint methods_default_check check (not is_default or state <> 'removed')
) with (fillfactor = 70);

-- One default per payer.
create unique index methods_default_key on payments.methods (practice_id, payer_kind, payer_id) where is_default;
-- The same card twice is the same method.
create unique index methods_fingerprint_key on payments.methods (practice_id, payer_kind, payer_id, fingerprint)
    where state <> 'removed' and fingerprint <> '';
create index methods_client_idx on payments.methods (practice_id, client_id, method_id);
create index methods_processor_method_idx on payments.methods (practice_id, processor_method);
create index methods_expiry_idx on payments.methods (practice_id, exp_year, exp_month) where state <> 'removed';

alter table payments.methods enable row level security;

create policy methods_practice on payments.methods
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.methods to evenkeel_payments;

-- A payer adds a method in the browser, with the processor: what we began, and what came of it.
create table payments.method_setups (
    practice_id uuid not null,
    setup_id uuid not null,
    payer_kind text not null,
    payer_id uuid not null,
    client_id uuid not null,
    state text not null,
    -- seti_…; none before the processor has answered.
    processor_intent text,
    -- What is wished of the new method.
    make_default boolean not null,
    hsa_fsa boolean not null,
    replaces_method_id uuid,
    authorization_id uuid,
    -- Why the latest try was declined.
    decline_reason text,
    -- What came of it.
    method_id uuid,
    create_time timestamptz not null,
    update_time timestamptz not null,
    constraint method_setups_pkey primary key (practice_id, setup_id),
    constraint method_setups_customer_fkey foreign key (practice_id, payer_kind, payer_id)
        references payments.customers (practice_id, payer_kind, payer_id),
    constraint method_setups_state_check check (
        state in ('created', 'waiting', 'requires_action', 'processing', 'succeeded', 'failed', 'cancelled')
    ),
    constraint method_setups_method_check check ((state = 'succeeded') = (method_id is not null))
) with (fillfactor = 70);

alter table payments.method_setups enable row level security;

create policy method_setups_practice on payments.method_setups
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.method_setups to evenkeel_payments;

-- Tokens that the processor is to forget: of methods that were removed, or that a newer token of the same card took the
-- place of.
create table payments.detachments (
    practice_id uuid not null,
    detachment_id uuid not null,
    method_id uuid not null,
    processor_method text not null,
    create_time timestamptz not null,
    detach_time timestamptz,
    constraint detachments_pkey primary key (practice_id, detachment_id),
    constraint detachments_token_key unique (practice_id, processor_method),
    constraint detachments_method_fkey foreign key (practice_id, method_id)
        references payments.methods (practice_id, method_id)
);

alter table payments.detachments enable row level security;

create policy detachments_practice on payments.detachments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.detachments to evenkeel_payments;

-- Each notice of a card's end is given once.
create table payments.method_notices (
    practice_id uuid not null,
    method_id uuid not null,
    kind text not null,
    -- The last day of the card's last month: a renewed card is told of anew.
    end_date date not null,
    create_time timestamptz not null,
    constraint method_notices_pkey primary key (practice_id, method_id, kind, end_date),
    constraint method_notices_method_fkey foreign key (practice_id, method_id)
        references payments.methods (practice_id, method_id),
    constraint method_notices_kind_check check (kind in ('expiring', 'expired'))
);

alter table payments.method_notices enable row level security;

create policy method_notices_practice on payments.method_notices
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.method_notices to evenkeel_payments;

-- Calls, queue and objects of the above. A method has one token after another, so a subject may have several objects.
alter table payments.attempts drop constraint attempts_call_check;
alter table payments.attempts add constraint attempts_call_check check (
    call in (
        'create_intent', 'confirm_intent', 'create_refund', 'create_customer', 'create_setup', 'cancel_setup', 'detach_method'
    )
);
alter table payments.unsettled drop constraint unsettled_kind_check;
alter table payments.unsettled add constraint unsettled_kind_check check (
    kind in ('payment', 'refund', 'setup', 'detachment')
);
alter table payments.processor_objects drop constraint processor_objects_kind_check;
alter table payments.processor_objects add constraint processor_objects_kind_check check (
    kind in ('payment', 'refund', 'setup', 'method')
);
alter table payments.processor_objects drop constraint processor_objects_subject_key;
create index processor_objects_subject_idx on payments.processor_objects (subject_id);

-- Practices whose cards are looked at once in each of their days, claimed over all practices: not per tenant.
create table payments.expiry_watch (
    practice_id uuid not null,
    -- The local day that is looked at next, and when it begins there.
    next_date date not null,
    due_time timestamptz not null,
    constraint expiry_watch_pkey primary key (practice_id)
) with (fillfactor = 70);

create index expiry_watch_due_idx on payments.expiry_watch (due_time);

grant select, insert, update on payments.expiry_watch to evenkeel_payments;
