-- Tables named by the field's terms: addresses that an account gave up, and the one that waits for its confirmation.
ALTER TABLE freed_addresses RENAME TO released_emails;
ALTER TABLE released_emails RENAME COLUMN freed_at TO released_at;
DROP INDEX freed_addresses_by_time;
CREATE INDEX released_emails_by_time ON released_emails (released_at);
ALTER TABLE wanted_addresses RENAME TO pending_emails;
