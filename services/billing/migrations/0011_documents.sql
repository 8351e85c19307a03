-- What heads a practice's documents beside its name and address, and the documents that were sent.

-- Set by the owner, all at once. A practice without a row has none of it.
create table billing.letterheads (
    practice_id uuid not null,
    website text not null,
    footer text not null,
    -- Null: by the practice's currency.
    paper text,
    -- Together or not at all. The bytes were decoded when they were set.
    logo_media_type text,
    logo_content bytea,
    logo_alternative_text text,
    update_time timestamptz not null,
    constraint letterheads_pkey primary key (practice_id),
    constraint letterheads_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint letterheads_paper_check check (paper in ('letter', 'a4')),
    constraint letterheads_logo_media_type_check check (
        logo_media_type in ('image/png', 'image/jpeg', 'image/svg+xml')
    ),
    constraint letterheads_logo_content_check check (octet_length(logo_content) between 1 and 524288),
    constraint letterheads_logo_check check (
        num_nulls(logo_media_type, logo_content, logo_alternative_text) in (0, 3)
    )
);

-- Files by their content: what was sent twice is kept once. Append-only, as is what names them: a document that was
-- sent stays what it was.
create table billing.document_bytes (
    practice_id uuid not null,
    sha256 bytea not null,
    content bytea not null,
    create_time timestamptz not null,
    constraint document_bytes_pkey primary key (practice_id, sha256),
    constraint document_bytes_practice_fkey foreign key (practice_id) references billing.practices (practice_id),
    constraint document_bytes_sha256_check check (octet_length(sha256) = 32)
);

-- PDFs are compressed; trying again costs time and saves nothing.
alter table billing.document_bytes alter column content set storage external;

-- Which file went out with an act of sharing.
create table billing.shared_documents (
    practice_id uuid not null,
    share_id uuid not null,
    bill_id uuid not null,
    sha256 bytea not null,
    file_name text not null,
    create_time timestamptz not null,
    constraint shared_documents_pkey primary key (practice_id, share_id),
    constraint shared_documents_bill_fkey foreign key (practice_id, bill_id)
        references billing.bills (practice_id, bill_id),
    constraint shared_documents_bytes_fkey foreign key (practice_id, sha256)
        references billing.document_bytes (practice_id, sha256)
);

create index shared_documents_bill_idx on billing.shared_documents (practice_id, bill_id, create_time);

-- A superbill asks for a client's services by day.
create index bill_lines_session_idx on billing.bill_lines (practice_id, session_id);

alter table billing.letterheads enable row level security;
alter table billing.document_bytes enable row level security;
alter table billing.shared_documents enable row level security;

create policy letterheads_practice on billing.letterheads
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy document_bytes_practice on billing.document_bytes
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);
create policy shared_documents_practice on billing.shared_documents
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on billing.letterheads to evenkeel_billing;
grant select, insert on billing.document_bytes to evenkeel_billing;
grant select, insert on billing.shared_documents to evenkeel_billing;
