-- Which file went out as the receipt of a payment, by the mail it went with. Append-only, as `shared_documents` is for
-- bills; the bytes are in `document_bytes`.
create table billing.mailed_receipts (
    practice_id uuid not null,
    message_id uuid not null,
    payment_id uuid not null,
    sha256 bytea not null,
    file_name text not null,
    create_time timestamptz not null,
    constraint mailed_receipts_pkey primary key (practice_id, message_id),
    constraint mailed_receipts_payment_fkey foreign key (practice_id, payment_id)
        references billing.posted_payments (practice_id, payment_id),
    constraint mailed_receipts_bytes_fkey foreign key (practice_id, sha256)
        references billing.document_bytes (practice_id, sha256)
);

create index mailed_receipts_payment_idx on billing.mailed_receipts (practice_id, payment_id);

alter table billing.mailed_receipts enable row level security;

create policy mailed_receipts_practice on billing.mailed_receipts
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert on billing.mailed_receipts to evenkeel_billing;
