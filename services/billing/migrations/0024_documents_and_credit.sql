-- What a mail took along at each try, superbills that are made late, documents in every order, and credit that is taken
-- off a bill again.

-- A mail that was refused for now says at the next try what is true then, and its document says the same: each try that
-- has another file is a version. Rows are still never changed. The version before this one inserts the first and finds
-- any, which is what it did.
alter table billing.shared_documents
    add column version integer not null default 1,
    add constraint shared_documents_version_check check (version > 0),
    drop constraint shared_documents_pkey,
    add constraint shared_documents_pkey primary key (practice_id, share_id, version);

alter table billing.mailed_receipts
    add column version integer not null default 1,
    add constraint mailed_receipts_version_check check (version > 0),
    drop constraint mailed_receipts_pkey,
    add constraint mailed_receipts_pkey primary key (practice_id, message_id, version);

-- A superbill that was withheld is replaced by the one that is made when nothing is missing any more. One that was made
-- is not changed: the code's update asks for it.
grant update on billing.monthly_superbills to evenkeel_billing;

-- Since when they are wanted, or not, or as the practice does. Superbills of a month that was over by then are not made
-- late: turning it on sends nobody anything old. Null: always.
alter table billing.practice_terms add column monthly_superbills_since timestamptz;
alter table billing.client_terms add column monthly_superbills_since timestamptz;

-- A client's documents in one list, with the superbills that were made by themselves. `client_documents` stays for the
-- version before this one, which knows no superbills. It reads the tables as whoever asks, so their row-level security
-- holds.
create view billing.listed_documents with (security_invoker = true) as
select
    practice_id,
    client_id,
    kind,
    id,
    date,
    number,
    cancelled,
    currency,
    amount_minor,
    client_balance_minor,
    insurance_balance_minor
from billing.client_documents
union all
select
    superbill.practice_id,
    superbill.client_id,
    'superbill',
    superbill.document_id,
    -- The last day that it covers.
    (superbill.month + interval '1 month' - interval '1 day')::date,
    null,
    false,
    practice.currency,
    0,
    0,
    0
from billing.monthly_superbills superbill
join billing.practices practice on practice.practice_id = superbill.practice_id
where superbill.sha256 is not null;

grant select on billing.listed_documents to evenkeel_billing;

-- Why credit was taken off a bill, by its entry, which says how much. Append-only.
create table billing.credit_reversals (
    practice_id uuid not null,
    entry_id uuid not null,
    bill_id uuid not null,
    reason text not null,
    reversed_by text not null,
    create_time timestamptz not null,
    constraint credit_reversals_pkey primary key (practice_id, entry_id),
    constraint credit_reversals_entry_fkey foreign key (practice_id, entry_id)
        references billing.entries (practice_id, entry_id),
    constraint credit_reversals_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id)
);

create index credit_reversals_bill_idx on billing.credit_reversals (practice_id, bill_id);

alter table billing.credit_reversals enable row level security;

create policy credit_reversals_practice on billing.credit_reversals
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.credit_reversals to evenkeel_billing;
