-- A tier's percentage by the service day from which it holds. The first one of a tier holds from the beginning, so that
-- a client can be given the tier for earlier days.

create table billing.sliding_scale_percents (
    practice_id uuid not null,
    name text not null,
    effective_date date not null,
    -- Decimal digits, as shared/money reads a rate.
    percent text not null,
    constraint sliding_scale_percents_pkey primary key (practice_id, name, effective_date),
    constraint sliding_scale_percents_tier_fkey foreign key (practice_id, name)
        references billing.sliding_scale_tiers (practice_id, name),
    constraint sliding_scale_percents_percent_check check (percent ~ '^[0-9]{1,4}([.][0-9]{1,6})?$')
);

insert into billing.sliding_scale_percents (practice_id, name, effective_date, percent)
select practice_id, name, date '1900-01-01', percent
from billing.sliding_scale_tiers;

alter table billing.sliding_scale_percents enable row level security;

create policy sliding_scale_percents_practice on billing.sliding_scale_percents
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.sliding_scale_percents to evenkeel_billing;
grant update (percent) on billing.sliding_scale_percents to evenkeel_billing;
