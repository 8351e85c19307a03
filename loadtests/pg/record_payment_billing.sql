-- The transaction of billing's op PostPayment, statement by statement: the bill's lock, what it must know, the entry
-- with its transfer, the payment with its allocation and the bill, the balances, the events. What the op computes
-- stands here as a value of the same type and size.
\set n :n + 1
\set practice random(1, :practices)
\set bill random(1, :bills)
\set client :bill % :clients + 1

-- `begin; set local app.practice_id` is one round trip there, so it is one here.
\startpipeline
begin;
select set_config('app.practice_id', baseline.row_id(1, :practice, 0)::text, true);
\endpipeline

-- services/billing store/bills.rs: lock
select
    bill_id,
    client_id,
    policy_id,
    number,
    reference,
    currency,
    issue_date,
    due_date,
    last_service_date,
    total_minor,
    client_owes_minor,
    insurance_owes_minor,
    client_balance_minor,
    insurance_balance_minor,
    credit_applied_minor,
    comments,
    revision,
    create_time,
    share_time,
    cancel_time,
    run_date
from billing.bills
where practice_id = baseline.row_id(1, :practice, 0) and bill_id = any(array[baseline.row_id(3, :practice, :bill)])
order by bill_id
for no key update
\gset locked_

-- services/billing store/payments.rs: context
select
    practice.currency,
    array(
        select client_id from billing.clients
        where practice_id = baseline.row_id(1, :practice, 0)
            and client_id = any(array[baseline.row_id(2, :practice, :client)])
    ),
    array(
        select payment_id from billing.posted_payments
        where practice_id = baseline.row_id(1, :practice, 0)
            and payment_id = any(array[baseline.new_id(1, :run, :client_id, :n)])
    )
from billing.practices practice
where practice.practice_id = baseline.row_id(1, :practice, 0);

-- services/billing store/entries.rs: insert
with entry as (
    insert into billing.entries (
        practice_id, entry_id, kind, entry_date, client_id, bill_id, payment_id, refund_id,
        insurer_payment_id, create_time
    )
    select baseline.row_id(1, :practice, 0), fresh.entry_id, fresh.kind, fresh.entry_date::date, fresh.client_id,
        fresh.bill_id, fresh.payment_id, fresh.refund_id, fresh.insurer_payment_id, now()
    from unnest(
        array[baseline.new_id(3, :run, :client_id, :n)], array['payment'], array[current_date::text],
        array[baseline.row_id(2, :practice, :client)], array[null::uuid],
        array[baseline.new_id(1, :run, :client_id, :n)], array[null::uuid], array[null::uuid]
    ) as fresh (
        entry_id, kind, entry_date, client_id, bill_id, payment_id, refund_id, insurer_payment_id
    )
)
insert into billing.transfers (
    practice_id, transfer_id, entry_id, position, debit_account_id, credit_account_id, amount_minor,
    reversed_transfer_id
)
select baseline.row_id(1, :practice, 0), fresh.transfer_id, fresh.entry_id, fresh.position, fresh.debit_account_id,
    fresh.credit_account_id, fresh.amount_minor, fresh.reversed_transfer_id
from unnest(
    array[baseline.new_id(4, :run, :client_id, :n)], array[baseline.new_id(3, :run, :client_id, :n)], array[1],
    array[baseline.row_id(5, :practice, 0)], array[baseline.row_id(4, :practice, :bill)], array[100::bigint],
    array[null::uuid]
) as fresh (
    transfer_id, entry_id, position, debit_account_id, credit_account_id, amount_minor,
    reversed_transfer_id
);

-- services/billing store/new_payments.rs: insert
with payment as (
    insert into billing.posted_payments (
        practice_id, payment_id, client_id, entry_id, kind, method_text, currency, amount_minor,
        receive_date, credited_minor, credit_left_minor, fingerprint, create_time
    )
    select baseline.row_id(1, :practice, 0), fresh.payment_id, fresh.client_id, fresh.entry_id, fresh.kind,
        fresh.method_text, fresh.currency, fresh.amount, fresh.receive_date::date, fresh.credited, fresh.credited,
        fresh.fingerprint, now()
    from unnest(
        array[baseline.new_id(1, :run, :client_id, :n)], array[baseline.row_id(2, :practice, :client)],
        array[baseline.new_id(3, :run, :client_id, :n)], array['cash'], array['Cash'], array['USD'],
        array[100::bigint], array[current_date::text], array[0::bigint], array[decode(repeat('5a', 32), 'hex')]
    ) as fresh (
        payment_id, client_id, entry_id, kind, method_text, currency, amount, receive_date, credited,
        fingerprint
    )
), hold as (
    delete from billing.holds
    where practice_id = baseline.row_id(1, :practice, 0)
        and payment_id = any(array[baseline.new_id(1, :run, :client_id, :n)])
), bill as (
    update billing.bills
    set
        client_balance_minor = (array[:locked_client_balance_minor::bigint - 100])[
            array_position(array[baseline.row_id(3, :practice, :bill)], bill_id)
        ],
        revision = revision + (array[1::bigint])[
            array_position(array[baseline.row_id(3, :practice, :bill)], bill_id)
        ]
    where practice_id = baseline.row_id(1, :practice, 0) and bill_id = any(array[baseline.row_id(3, :practice, :bill)])
)
insert into billing.posted_allocations (
    practice_id, payment_id, position, bill_id, amount_minor, left_minor
)
select baseline.row_id(1, :practice, 0), fresh.payment_id, fresh.position, fresh.bill_id, fresh.amount, fresh.amount
from unnest(
    array[baseline.new_id(1, :run, :client_id, :n)], array[1], array[baseline.row_id(3, :practice, :bill)],
    array[100::bigint]
) as fresh (payment_id, position, bill_id, amount);

-- services/billing store/accounts.rs: add
with locked as materialized (
    select account_id
    from billing.accounts
    where practice_id = baseline.row_id(1, :practice, 0)
        and account_id = any(array[baseline.row_id(4, :practice, :bill), baseline.row_id(5, :practice, 0)])
    order by array_position(array[baseline.row_id(4, :practice, :bill), baseline.row_id(5, :practice, 0)], account_id)
    for no key update
)
update billing.accounts account
set
    debits_minor = account.debits_minor + (array[0::bigint, 100::bigint])[
        array_position(array[baseline.row_id(4, :practice, :bill), baseline.row_id(5, :practice, 0)], account.account_id)
    ],
    credits_minor = account.credits_minor + (array[100::bigint, 0::bigint])[
        array_position(array[baseline.row_id(4, :practice, :bill), baseline.row_id(5, :practice, 0)], account.account_id)
    ]
where account.practice_id = baseline.row_id(1, :practice, 0)
    and account.account_id = any(array(select account_id from locked))
returning account.account_id;

-- shared/pg outbox.rs: append
with stream as (
    insert into billing.streams as stream (practice_id, head)
    values (baseline.row_id(1, :practice, 0), 3)
    on conflict (practice_id) do update set head = stream.head + excluded.head
    returning head
), written as (
    insert into billing.outbox (practice_id, seq, event_id, event_type, payload, occur_time)
    select baseline.row_id(1, :practice, 0), stream.head - 3 + event.ordinality, event.id, event.type, event.payload,
        now()
    from stream
    cross join unnest(
        array[
            baseline.new_id(5, :run, :client_id, :n), baseline.new_id(6, :run, :client_id, :n),
            baseline.new_id(7, :run, :client_id, :n)
        ],
        array[
            'evenkeel.billing.v1.PaymentPosted', 'evenkeel.billing.v1.BillBalanceChanged',
            'evenkeel.billing.v1.EntryPosted'
        ],
        array[
            decode(repeat('5a', 170), 'hex'), decode(repeat('5a', 220), 'hex'), decode(repeat('5a', 240), 'hex')
        ]
    ) with ordinality as event (id, type, payload, ordinality)
)
select head from stream;

commit;
