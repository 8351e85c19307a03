-- How a practice bills: when, and until when it is to be paid; and for whom otherwise.

create table billing.practice_terms (
    practice_id uuid not null,
    automation text not null,
    -- Automation leaves sessions of earlier days alone.
    automation_from date not null,
    due_days integer not null,
    update_time timestamptz not null,
    constraint practice_terms_pkey primary key (practice_id),
    constraint practice_terms_practice_fkey foreign key (practice_id)
        references billing.practices (practice_id),
    constraint practice_terms_automation_check check (
        automation in ('by_hand', 'daily', 'monthly_first_day', 'monthly_last_day')
    ),
    constraint practice_terms_due_days_check check (due_days between 0 and 365)
);

-- Null is as the practice does. Without an automation of its own, a client's `automation_from` only takes away: it is when
-- the client came back to the practice's, which is not to sweep what was left alone before.
create table billing.client_terms (
    practice_id uuid not null,
    client_id uuid not null,
    automation text,
    automation_from date,
    due_days integer,
    responsibility text not null,
    policy_id uuid,
    -- What the client owes of a session when insurance owes the rest: one of both, or nothing.
    co_pay_minor bigint,
    co_insurance_percent text,
    update_time timestamptz not null,
    constraint client_terms_pkey primary key (practice_id, client_id),
    constraint client_terms_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint client_terms_policy_fkey foreign key (practice_id, client_id, policy_id)
        references billing.policies (practice_id, client_id, policy_id),
    constraint client_terms_automation_check check (
        automation in ('by_hand', 'daily', 'monthly_first_day', 'monthly_last_day')
    ),
    constraint client_terms_automation_from_check check (automation is null or automation_from is not null),
    constraint client_terms_due_days_check check (due_days between 0 and 365),
    constraint client_terms_responsibility_check check (responsibility in ('client', 'insurance')),
    constraint client_terms_policy_check check ((responsibility = 'insurance') = (policy_id is not null)),
    constraint client_terms_co_pay_check check (co_pay_minor >= 0),
    constraint client_terms_client_part_check check (
        num_nonnulls(co_pay_minor, co_insurance_percent) <= case when responsibility = 'insurance' then 1 else 0 end
    )
);

alter table billing.practice_terms enable row level security;
alter table billing.client_terms enable row level security;

create policy practice_terms_practice on billing.practice_terms
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy client_terms_practice on billing.client_terms
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.practice_terms to evenkeel_billing;
grant select, insert, update on billing.client_terms to evenkeel_billing;
