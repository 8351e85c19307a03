-- What payments knows of a practice, followed from portal-auth's feed: in which currency it is paid, and which day a
-- moment is there.
create table payments.practices (
    practice_id uuid not null,
    time_zone text not null,
    currency text not null,
    constraint practices_pkey primary key (practice_id),
    constraint practices_currency_check check (currency ~ '^[A-Z]{3}$')
);

alter table payments.practices enable row level security;

create policy practices_practice on payments.practices
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on payments.practices to evenkeel_payments;
