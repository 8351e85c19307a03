-- How often something was tried in a window of time: guesses per network address, per practice, overall, and sign-ins
-- per e-mail address. One row per subject and window; old windows are swept. Not per tenant.
create table portal_auth.attempts (
    subject text not null,
    window_seconds integer not null,
    window_start_time timestamptz not null,
    count integer not null,
    constraint attempts_pkey primary key (subject, window_seconds, window_start_time),
    constraint attempts_window_check check (window_seconds > 0),
    constraint attempts_count_check check (count >= 0)
) with (fillfactor = 70);

create index attempts_window_start_idx on portal_auth.attempts (window_start_time);

grant select, insert, update, delete on portal_auth.attempts to evenkeel_portal_auth;

-- The keys that sign access tokens; the private half sealed (AES-256-GCM). A key is published before it signs and stays
-- published while a token it signed can live.
create table portal_auth.signing_keys (
    key_id text not null,
    sealed bytea not null,
    create_time timestamptz not null,
    sign_from_time timestamptz not null,
    retire_time timestamptz,
    constraint signing_keys_pkey primary key (key_id)
);

grant select, insert, update on portal_auth.signing_keys to evenkeel_portal_auth;
