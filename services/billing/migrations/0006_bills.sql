-- Bills. `client_balance_minor` and `insurance_balance_minor` are the balances of the bill's two receivables, kept
-- here too in the same transaction, so that an act that locks the bill knows what is left and the Open list is an
-- index; VerifyBooks compares them with the accounts. The status is derived from them and `cancel_time`.
create table billing.bills (
    practice_id uuid not null,
    bill_id uuid not null,
    client_id uuid not null,
    number bigint not null,
    reference text not null,
    policy_id uuid,
    currency text not null,
    issue_date date not null,
    due_date date not null,
    last_service_date date,
    total_minor bigint not null,
    -- What each side owes: at first as billed, then as insurance decided.
    client_owes_minor bigint not null,
    insurance_owes_minor bigint not null,
    client_balance_minor bigint not null,
    insurance_balance_minor bigint not null,
    -- What of the client's share was paid from credit and still is.
    credit_applied_minor bigint not null default 0,
    comments text not null,
    -- Counts the changes of the row; the bill's etag.
    revision bigint not null default 1,
    create_time timestamptz not null,
    share_time timestamptz,
    cancel_time timestamptz,
    cancel_reason text,
    constraint bills_pkey primary key (practice_id, bill_id),
    constraint bills_number_key unique (practice_id, number),
    constraint bills_reference_key unique (practice_id, reference),
    constraint bills_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    -- Insurance that owes is the client's own.
    constraint bills_policy_fkey foreign key (practice_id, client_id, policy_id)
        references billing.policies (practice_id, client_id, policy_id),
    constraint bills_policy_check check (insurance_owes_minor = 0 or policy_id is not null),
    constraint bills_number_check check (number > 0),
    constraint bills_reference_check check (reference ~ '^[0-9A-HJKMNP-TV-Z]{8}$'),
    constraint bills_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint bills_due_date_check check (due_date >= issue_date),
    constraint bills_total_check check (total_minor >= 0),
    constraint bills_client_owes_check check (client_owes_minor >= 0),
    constraint bills_insurance_owes_check check (insurance_owes_minor >= 0),
    constraint bills_owes_check check (client_owes_minor + insurance_owes_minor <= total_minor),
    constraint bills_client_balance_check check (client_balance_minor between 0 and client_owes_minor),
    constraint bills_insurance_balance_check check (insurance_balance_minor between 0 and insurance_owes_minor),
    constraint bills_credit_applied_check check (
        credit_applied_minor between 0 and client_owes_minor - client_balance_minor
    ),
    constraint bills_cancel_check check ((cancel_time is null) = (cancel_reason is null))
) with (fillfactor = 80);

create index bills_client_idx on billing.bills (practice_id, client_id, number desc);
create index bills_open_idx on billing.bills (practice_id, number desc)
    where cancel_time is null and (client_balance_minor > 0 or insurance_balance_minor > 0);

-- What a bill says, as it was when it was issued.
create table billing.bill_lines (
    practice_id uuid not null,
    bill_id uuid not null,
    line_number integer not null,
    session_id uuid,
    session_line_number integer,
    service_code text not null,
    description text not null,
    modifiers text[] not null,
    units integer not null,
    service_date date,
    clinician_name text not null,
    price_minor bigint not null,
    client_share_minor bigint not null,
    insurance_share_minor bigint not null,
    constraint bill_lines_pkey primary key (practice_id, bill_id, line_number),
    constraint bill_lines_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id),
    constraint bill_lines_session_line_fkey foreign key (practice_id, session_id, session_line_number)
        references billing.session_lines (practice_id, session_id, line_number),
    constraint bill_lines_session_check check ((session_id is null) = (session_line_number is null)),
    constraint bill_lines_line_number_check check (line_number > 0),
    constraint bill_lines_units_check check (units > 0),
    constraint bill_lines_client_share_check check (client_share_minor >= 0),
    constraint bill_lines_insurance_share_check check (insurance_share_minor >= 0),
    constraint bill_lines_price_check check (price_minor = client_share_minor + insurance_share_minor)
);

-- Which live bill a session's line is on. Its key is the rule that there is at most one (domain.md 4); a cancelled
-- bill's rows go, which makes its sessions unbilled again.
create table billing.billed_lines (
    practice_id uuid not null,
    session_id uuid not null,
    line_number integer not null,
    bill_id uuid not null,
    constraint billed_lines_pkey primary key (practice_id, session_id, line_number),
    constraint billed_lines_session_line_fkey foreign key (practice_id, session_id, line_number)
        references billing.session_lines (practice_id, session_id, line_number),
    constraint billed_lines_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id)
);

create index billed_lines_bill_idx on billing.billed_lines (practice_id, bill_id);

alter table billing.bills enable row level security;
alter table billing.bill_lines enable row level security;
alter table billing.billed_lines enable row level security;

create policy bills_practice on billing.bills
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy bill_lines_practice on billing.bill_lines
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy billed_lines_practice on billing.billed_lines
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

-- A lookup over all practices, so it has no row-level security: an Invoice # is unique in the whole suite.
create table billing.bill_references (
    reference text not null,
    practice_id uuid not null,
    bill_id uuid not null,
    constraint bill_references_pkey primary key (reference)
);

-- What was agreed when the bill was issued stays; what is owed, shared and cancelled moves.
grant select, insert on billing.bills to evenkeel_billing;
grant update (
    client_owes_minor,
    insurance_owes_minor,
    client_balance_minor,
    insurance_balance_minor,
    credit_applied_minor,
    revision,
    share_time,
    cancel_time,
    cancel_reason
) on billing.bills to evenkeel_billing;
grant select, insert on billing.bill_lines to evenkeel_billing;
grant select, insert, delete on billing.billed_lines to evenkeel_billing;
grant select, insert on billing.bill_references to evenkeel_billing;
