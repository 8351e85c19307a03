-- Who is treated, who pays, who treats. `external_reference` is the id the practice's own system uses; null is none.

create table billing.clients (
    practice_id uuid not null,
    client_id uuid not null,
    given_name text not null,
    family_name text not null,
    email text not null,
    address_lines text[] not null,
    city text not null,
    region text not null,
    postal_code text not null,
    birth_date date,
    external_reference text,
    billing_contact_id uuid,
    create_time timestamptz not null,
    constraint clients_pkey primary key (practice_id, client_id),
    constraint clients_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint clients_external_reference_key unique (practice_id, external_reference),
    constraint clients_external_reference_check check (external_reference <> '')
);

create index clients_name_idx on billing.clients (practice_id, family_name, given_name, client_id);

create table billing.contacts (
    practice_id uuid not null,
    contact_id uuid not null,
    client_id uuid not null,
    given_name text not null,
    family_name text not null,
    email text not null,
    address_lines text[] not null,
    city text not null,
    region text not null,
    postal_code text not null,
    relationship text not null,
    create_time timestamptz not null,
    constraint contacts_pkey primary key (practice_id, contact_id),
    constraint contacts_client_key unique (practice_id, client_id, contact_id),
    constraint contacts_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id)
);

-- The billing contact is one of the client's own contacts.
alter table billing.clients
    add constraint clients_billing_contact_fkey foreign key (practice_id, client_id, billing_contact_id)
        references billing.contacts (practice_id, client_id, contact_id);

create table billing.clinicians (
    practice_id uuid not null,
    clinician_id uuid not null,
    name text not null,
    npi text not null,
    licence text not null,
    external_reference text,
    create_time timestamptz not null,
    constraint clinicians_pkey primary key (practice_id, clinician_id),
    constraint clinicians_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint clinicians_external_reference_key unique (practice_id, external_reference),
    constraint clinicians_external_reference_check check (external_reference <> '')
);

create table billing.payers (
    practice_id uuid not null,
    payer_id uuid not null,
    name text not null,
    external_reference text,
    create_time timestamptz not null,
    constraint payers_pkey primary key (practice_id, payer_id),
    constraint payers_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint payers_external_reference_key unique (practice_id, external_reference),
    constraint payers_external_reference_check check (external_reference <> '')
);

create table billing.policies (
    practice_id uuid not null,
    policy_id uuid not null,
    client_id uuid not null,
    payer_id uuid not null,
    member_number text not null,
    external_reference text,
    create_time timestamptz not null,
    constraint policies_pkey primary key (practice_id, policy_id),
    constraint policies_client_key unique (practice_id, client_id, policy_id),
    constraint policies_external_reference_key unique (practice_id, external_reference),
    constraint policies_external_reference_check check (external_reference <> ''),
    constraint policies_client_fkey foreign key (practice_id, client_id)
        references billing.clients (practice_id, client_id),
    constraint policies_payer_fkey foreign key (practice_id, payer_id)
        references billing.payers (practice_id, payer_id)
);

alter table billing.clients enable row level security;
alter table billing.contacts enable row level security;
alter table billing.clinicians enable row level security;
alter table billing.payers enable row level security;
alter table billing.policies enable row level security;

create policy clients_practice on billing.clients
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy contacts_practice on billing.contacts
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy clinicians_practice on billing.clinicians
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy payers_practice on billing.payers
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy policies_practice on billing.policies
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.clients to evenkeel_billing;
grant select, insert, update on billing.contacts to evenkeel_billing;
grant select, insert, update on billing.clinicians to evenkeel_billing;
grant select, insert, update on billing.payers to evenkeel_billing;
grant select, insert, update on billing.policies to evenkeel_billing;
