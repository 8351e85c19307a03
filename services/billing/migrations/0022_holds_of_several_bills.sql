-- One payment may hold parts of several bills: all are placed in one transaction, or none. The key keeps its name, which
-- the release before names when it places a hold on one bill.
alter table billing.holds
    drop constraint holds_pkey,
    add constraint holds_pkey primary key (practice_id, payment_id, bill_id);
