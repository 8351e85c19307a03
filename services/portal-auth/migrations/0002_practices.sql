-- The tenants of the suite, and who may act for them.

create table portal_auth.practices (
    practice_id uuid not null,
    name text not null,
    time_zone text not null,
    currency text not null,
    address_lines text[] not null,
    phone text not null,
    email text not null,
    tax_id text not null,
    npi text not null,
    create_time timestamptz not null,
    constraint practices_pkey primary key (practice_id),
    constraint practices_currency_check check (currency ~ '^[A-Z]{3}$')
);

alter table portal_auth.practices enable row level security;

create policy practices_practice on portal_auth.practices
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on portal_auth.practices to evenkeel_portal_auth;

-- Sign-ins of staff. Looked up by address before any practice is known, so the table is not per tenant and has no
-- row-level security; nothing but sign-in and registration reads it.
create table portal_auth.staff (
    email text not null,
    user_id uuid not null,
    practice_id uuid not null,
    role text not null,
    password_hash text not null,
    create_time timestamptz not null,
    constraint staff_pkey primary key (email),
    constraint staff_user_id_key unique (user_id),
    constraint staff_email_check check (email = lower(email)),
    constraint staff_role_check check (role in ('owner', 'biller', 'clinician'))
);

grant select, insert, update on portal_auth.staff to evenkeel_portal_auth;

-- Credentials of a practice's own programs. Looked up by id before the practice is known: not per tenant either.
-- The secret has 256 random bits, so a plain digest of it cannot be guessed back.
create table portal_auth.programs (
    program_id uuid not null,
    practice_id uuid not null,
    name text not null,
    secret_digest bytea not null,
    create_time timestamptz not null,
    constraint programs_pkey primary key (program_id),
    constraint programs_secret_digest_check check (octet_length(secret_digest) = 32)
);

create index programs_practice_idx on portal_auth.programs (practice_id, program_id);

grant select, insert, update on portal_auth.programs to evenkeel_portal_auth;
