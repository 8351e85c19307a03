-- Payments that were booked on another day than they came. The entry that stood is reversed on its own day, and booked anew on
-- the right one; both name it, so that it is reversed once. Append-only.
create table billing.payment_corrections (
    practice_id uuid not null,
    payment_id uuid not null,
    -- As payments counts them; those that change nothing here are left out.
    revision integer not null,
    from_date date not null,
    to_date date not null,
    -- The entry that stood, the one that reverses it, and the one that stands from now on; none of them when only the
    -- words changed.
    reversed_entry_id uuid,
    reverse_entry_id uuid,
    entry_id uuid,
    create_time timestamptz not null,
    constraint payment_corrections_pkey primary key (practice_id, payment_id, revision),
    constraint payment_corrections_payment_fkey foreign key (practice_id, payment_id)
        references billing.posted_payments (practice_id, payment_id),
    constraint payment_corrections_reversed_fkey foreign key (practice_id, reversed_entry_id)
        references billing.entries (practice_id, entry_id),
    constraint payment_corrections_reverse_fkey foreign key (practice_id, reverse_entry_id)
        references billing.entries (practice_id, entry_id),
    constraint payment_corrections_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint payment_corrections_entries_check check (
        (from_date <> to_date) = (entry_id is not null)
        and (entry_id is null) = (reverse_entry_id is null)
        and (entry_id is null) = (reversed_entry_id is null)
    ),
    constraint payment_corrections_reversed_key unique (practice_id, reversed_entry_id),
    constraint payment_corrections_entry_key unique (practice_id, entry_id)
);

alter table billing.payment_corrections enable row level security;

create policy payment_corrections_practice on billing.payment_corrections
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.payment_corrections to evenkeel_billing;

-- `entry_id` stays the first entry.
grant update (receive_date, method_text) on billing.posted_payments to evenkeel_billing;

-- Entries as they stand: what was booked on another day than it came, and what reversed it on that day, are together nothing;
-- and an entry that books a payment anew is that payment's. It reads the tables as whoever asks, so their row-level security
-- holds.
create view billing.standing_entries with (security_invoker = true) as
select
    entry.practice_id,
    entry.entry_id,
    entry.entry_date,
    entry.client_id,
    coalesce(entry.payment_id, anew.payment_id) as payment_id
from billing.entries entry
left join billing.payment_corrections anew
    on anew.practice_id = entry.practice_id and anew.entry_id = entry.entry_id
where entry.kind <> 'payment_reversed'
    and not exists (
        select 1
        from billing.payment_corrections moved
        where moved.practice_id = entry.practice_id and moved.reversed_entry_id = entry.entry_id
    );

grant select on billing.standing_entries to evenkeel_billing;
