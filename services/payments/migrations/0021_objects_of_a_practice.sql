-- For the check that an object of the processor names what names it, practice by practice.
create index processor_objects_practice_idx on payments.processor_objects (practice_id, kind);
