-- What opens the pay page of one bill: its Invoice # and a 6-digit Access Code.

-- Which bill an Invoice # means. Looked up before the practice is known, unique over all practices: not per tenant.
create table portal_auth.bill_references (
    reference text not null,
    practice_id uuid not null,
    bill_id uuid not null,
    constraint bill_references_pkey primary key (reference),
    constraint bill_references_bill_key unique (practice_id, bill_id)
);

grant select, insert on portal_auth.bill_references to evenkeel_portal_auth;

-- The live code of a bill. `code_hash` is Argon2id over a keyed HMAC and is what a guess is compared with; `sealed`
-- holds code and link token encrypted (AES-256-GCM), because documents and e-mails have to print them again.
-- Every guess is counted here, and committed, before it is compared (reliability.md, access code policy).
create table portal_auth.access_codes (
    practice_id uuid not null,
    bill_id uuid not null,
    code_hash text not null,
    link_digest bytea not null,
    sealed bytea not null,
    issue_time timestamptz not null,
    failures_in_row integer not null,
    failures_in_life integer not null,
    lock_end_time timestamptz,
    burn_time timestamptz,
    retire_time timestamptz,
    constraint access_codes_pkey primary key (practice_id, bill_id),
    constraint access_codes_link_digest_check check (octet_length(link_digest) = 32),
    constraint access_codes_failures_check check (failures_in_row >= 0 and failures_in_life >= 0)
) with (fillfactor = 70);

alter table portal_auth.access_codes enable row level security;

create policy access_codes_practice on portal_auth.access_codes
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on portal_auth.access_codes to evenkeel_portal_auth;
