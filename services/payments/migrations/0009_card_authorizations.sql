-- Card authorization forms: who is asked for a card, by which text, and what was signed.

-- What the practice wants. A practice without a row asks nobody by itself.
create table payments.card_policies (
    practice_id uuid not null,
    ask_at_intake boolean not null,
    -- Payers whose clients are not asked, such as Medicaid.
    exempt_payer_ids uuid[] not null,
    remind_after_days integer not null,
    reminders_max integer not null,
    update_time timestamptz not null,
    constraint card_policies_pkey primary key (practice_id),
    constraint card_policies_days_check check (remind_after_days between 1 and 60),
    constraint card_policies_reminders_check check (reminders_max between 0 and 10)
);

alter table payments.card_policies enable row level security;

create policy card_policies_practice on payments.card_policies
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.card_policies to evenkeel_payments;

-- The practice's own texts of the form, every version of them. Without one the suite's standard text counts, version 0.
create table payments.card_forms (
    practice_id uuid not null,
    version integer not null,
    form_text text not null,
    create_time timestamptz not null,
    constraint card_forms_pkey primary key (practice_id, version),
    constraint card_forms_version_check check (version > 0),
    constraint card_forms_text_check check (form_text <> '')
);

alter table payments.card_forms enable row level security;

create policy card_forms_practice on payments.card_forms
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.card_forms to evenkeel_payments;

-- Clients who are never asked.
create table payments.card_exemptions (
    practice_id uuid not null,
    client_id uuid not null,
    exempt boolean not null,
    update_time timestamptz not null,
    constraint card_exemptions_pkey primary key (practice_id, client_id)
);

alter table payments.card_exemptions enable row level security;

create policy card_exemptions_practice on payments.card_exemptions
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.card_exemptions to evenkeel_payments;

create table payments.card_authorizations (
    practice_id uuid not null,
    authorization_id uuid not null,
    payer_kind text not null,
    payer_id uuid not null,
    client_id uuid not null,
    state text not null,
    -- Asked for at intake, by nobody in particular.
    by_itself boolean not null,
    reminders integer not null default 0,
    request_time timestamptz not null,
    remind_time timestamptz,
    revoke_time timestamptz,
    constraint card_authorizations_pkey primary key (practice_id, authorization_id),
    constraint card_authorizations_payer_check check (payer_kind in ('client', 'contact')),
    constraint card_authorizations_state_check check (state in ('requested', 'signed', 'revoked')),
    constraint card_authorizations_reminders_check check (reminders >= 0)
) with (fillfactor = 80);

-- A payer is asked for one at a time.
create unique index card_authorizations_open_key on payments.card_authorizations (practice_id, payer_kind, payer_id)
    where state = 'requested';
create index card_authorizations_client_idx on payments.card_authorizations (practice_id, client_id, authorization_id);

alter table payments.card_authorizations enable row level security;

create policy card_authorizations_practice on payments.card_authorizations
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.card_authorizations to evenkeel_payments;

-- What was signed, as it was signed: written once, never changed.
create table payments.card_signatures (
    practice_id uuid not null,
    authorization_id uuid not null,
    signer_name text not null,
    form_version integer not null,
    form_text text not null,
    method_id uuid not null,
    -- As it was then: 'Visa ending in 4242'.
    method_text text not null,
    -- Where the signer was, as the gateway says, and with which program; empty when that is not known.
    signer_address text not null,
    signer_user_agent text not null,
    sign_time timestamptz not null,
    constraint card_signatures_pkey primary key (practice_id, authorization_id),
    constraint card_signatures_authorization_fkey foreign key (practice_id, authorization_id)
        references payments.card_authorizations (practice_id, authorization_id),
    constraint card_signatures_method_fkey foreign key (practice_id, method_id)
        references payments.methods (practice_id, method_id),
    constraint card_signatures_name_check check (signer_name <> '')
);

alter table payments.card_signatures enable row level security;

create policy card_signatures_practice on payments.card_signatures
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on payments.card_signatures to evenkeel_payments;

-- Clients who came in and are asked in a while, and requests that are followed up. Claimed over all practices, so not per
-- tenant; ids and times only.
create table payments.authorization_queue (
    subject_id uuid not null,
    practice_id uuid not null,
    kind text not null,
    due_time timestamptz not null,
    constraint authorization_queue_pkey primary key (subject_id),
    constraint authorization_queue_kind_check check (kind in ('intake', 'reminder'))
) with (fillfactor = 70);

create index authorization_queue_due_idx on payments.authorization_queue (due_time);

grant select, insert, update, delete on payments.authorization_queue to evenkeel_payments;
