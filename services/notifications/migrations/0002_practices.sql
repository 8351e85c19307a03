-- Whose name, address and reply address stand on a mail: copied from portal-auth's events.

create table notifications.practices (
    practice_id uuid not null,
    name text not null,
    time_zone text not null,
    address_lines text[] not null,
    phone text not null,
    email text not null,
    create_time timestamptz not null,
    constraint practices_pkey primary key (practice_id)
);

alter table notifications.practices enable row level security;

create policy practices_practice on notifications.practices
    using (practice_id = nullif(current_setting('app.practice_id', true), '')::uuid);

grant select, insert, update on notifications.practices to evenkeel_notifications;
