-- A mail that its recipient's server refuses for good is given up instead of being tried for ever: refused_at is when
-- that happened, null for all others.

ALTER TABLE outbox ADD COLUMN refused_at BIGINT;

CREATE INDEX outbox_by_refusal ON outbox (refused_at);
