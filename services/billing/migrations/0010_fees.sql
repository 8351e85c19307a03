-- What services cost: the catalogue with its prices, clients' own rates, the sliding scale, the policy for missed
-- appointments. Everything that changes on days is kept by the day from which it holds. Amounts are in the practice's
-- currency, which never changes.

create table billing.services (
    practice_id uuid not null,
    service_code text not null,
    description text not null,
    modifiers text[] not null,
    place_of_service text not null,
    -- The first service date without it.
    retire_date date,
    create_time timestamptz not null,
    constraint services_pkey primary key (practice_id, service_code),
    constraint services_practice_fkey foreign key (practice_id) references billing.practices (practice_id)
);

create table billing.service_prices (
    practice_id uuid not null,
    service_code text not null,
    effective_date date not null,
    unit_price_minor bigint not null,
    create_time timestamptz not null,
    constraint service_prices_pkey primary key (practice_id, service_code, effective_date),
    constraint service_prices_service_fkey foreign key (practice_id, service_code)
        references billing.services (practice_id, service_code),
    constraint service_prices_unit_price_check check (unit_price_minor >= 0)
);

-- Null is the end of an own rate.
create table billing.client_rates (
    practice_id uuid not null,
    client_id uuid not null,
    service_code text not null,
    effective_date date not null,
    unit_price_minor bigint,
    note text not null,
    create_time timestamptz not null,
    constraint client_rates_pkey primary key (practice_id, client_id, service_code, effective_date),
    constraint client_rates_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint client_rates_service_fkey foreign key (practice_id, service_code)
        references billing.services (practice_id, service_code),
    constraint client_rates_unit_price_check check (unit_price_minor >= 0)
);

-- The scale's row is locked by who replaces it; the tiers of its revision are the ones that can be given. Older tiers
-- stay for those who have them.
create table billing.sliding_scales (
    practice_id uuid not null,
    revision bigint not null,
    constraint sliding_scales_pkey primary key (practice_id),
    constraint sliding_scales_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint sliding_scales_revision_check check (revision > 0)
);

create table billing.sliding_scale_tiers (
    practice_id uuid not null,
    name text not null,
    -- Decimal digits, as shared/money reads a rate.
    percent text not null,
    place integer not null,
    revision bigint not null,
    constraint sliding_scale_tiers_pkey primary key (practice_id, name),
    constraint sliding_scale_tiers_scale_fkey foreign key (practice_id)
        references billing.sliding_scales (practice_id),
    constraint sliding_scale_tiers_name_check check (name <> ''),
    constraint sliding_scale_tiers_percent_check check (percent ~ '^[0-9]{1,4}([.][0-9]{1,6})?$'),
    constraint sliding_scale_tiers_place_check check (place > 0)
);

-- Null is the end of a place on the scale.
create table billing.sliding_scale_assignments (
    practice_id uuid not null,
    client_id uuid not null,
    effective_date date not null,
    tier text,
    create_time timestamptz not null,
    constraint sliding_scale_assignments_pkey primary key (practice_id, client_id, effective_date),
    constraint sliding_scale_assignments_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint sliding_scale_assignments_tier_fkey foreign key (practice_id, tier)
        references billing.sliding_scale_tiers (practice_id, name)
);

-- A charge is an amount, or a percentage of the recorded price, or, with neither, the recorded price.
create table billing.missed_session_policies (
    practice_id uuid not null,
    no_show_amount_minor bigint,
    no_show_percent text,
    late_cancellation_amount_minor bigint,
    late_cancellation_percent text,
    exempt_client_ids uuid[] not null,
    update_time timestamptz not null,
    constraint missed_session_policies_pkey primary key (practice_id),
    constraint missed_session_policies_practice_fkey foreign key (practice_id)
        references billing.practices (practice_id),
    constraint missed_session_policies_no_show_check check (
        no_show_amount_minor is null or no_show_percent is null
    ),
    constraint missed_session_policies_no_show_amount_check check (no_show_amount_minor >= 0),
    constraint missed_session_policies_no_show_percent_check check (
        no_show_percent ~ '^[0-9]{1,4}([.][0-9]{1,6})?$'
    ),
    constraint missed_session_policies_late_cancellation_check check (
        late_cancellation_amount_minor is null or late_cancellation_percent is null
    ),
    constraint missed_session_policies_late_cancellation_amount_check check (late_cancellation_amount_minor >= 0),
    constraint missed_session_policies_late_cancellation_percent_check check (
        late_cancellation_percent ~ '^[0-9]{1,4}([.][0-9]{1,6})?$'
    )
);

alter table billing.services enable row level security;
alter table billing.service_prices enable row level security;
alter table billing.client_rates enable row level security;
alter table billing.sliding_scales enable row level security;
alter table billing.sliding_scale_tiers enable row level security;
alter table billing.sliding_scale_assignments enable row level security;
alter table billing.missed_session_policies enable row level security;

create policy services_practice on billing.services
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy service_prices_practice on billing.service_prices
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy client_rates_practice on billing.client_rates
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy sliding_scales_practice on billing.sliding_scales
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy sliding_scale_tiers_practice on billing.sliding_scale_tiers
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy sliding_scale_assignments_practice on billing.sliding_scale_assignments
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy missed_session_policies_practice on billing.missed_session_policies
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.services to evenkeel_billing;
grant update (retire_date) on billing.services to evenkeel_billing;
grant select, insert on billing.service_prices to evenkeel_billing;
grant update (unit_price_minor, create_time) on billing.service_prices to evenkeel_billing;
grant select, insert on billing.client_rates to evenkeel_billing;
grant update (unit_price_minor, note, create_time) on billing.client_rates to evenkeel_billing;
grant select, insert, update on billing.sliding_scales to evenkeel_billing;
grant select, insert on billing.sliding_scale_tiers to evenkeel_billing;
grant update (percent, place, revision) on billing.sliding_scale_tiers to evenkeel_billing;
grant select, insert on billing.sliding_scale_assignments to evenkeel_billing;
grant update (tier, create_time) on billing.sliding_scale_assignments to evenkeel_billing;
grant select, insert, update on billing.missed_session_policies to evenkeel_billing;

-- `total_minor` is what a session costs: the sum of its lines, or, when it was missed, its fee; so `billable` goes by
-- the fee. `missed_fee_minor` is the fee that was named for this one appointment; null is the policy's.
alter table billing.sessions
    add column missed_fee_minor bigint,
    add column waive_reason text,
    add column waive_text text,
    add column waive_time timestamptz,
    add column waived_by text,
    add constraint sessions_missed_fee_check check (
        missed_fee_minor is null
        or (outcome in ('no_show', 'late_cancellation') and missed_fee_minor = total_minor)
    ),
    add constraint sessions_waive_check check (
        (waive_reason is null) = (waive_time is null)
        and (waive_text is null) = (waive_time is null)
        and (waived_by is null) = (waive_time is null)
    );

grant update (missed_fee_minor, waive_reason, waive_text, waive_time, waived_by)
    on billing.sessions to evenkeel_billing;

-- Why a line is a fee; null when it is none. A missed session is one line.
alter table billing.bill_lines
    add column fee_kind text,
    add constraint bill_lines_fee_kind_check check (fee_kind in ('no_show', 'late_cancellation'));
