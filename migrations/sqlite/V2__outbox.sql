-- Mail that was promised in a transaction and leaves after it: a row here is a mail that is not lost.
-- due_at is when delivery is tried next; delivered_at is null until it worked.

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    delivered_at BIGINT
);

CREATE INDEX outbox_by_delivery ON outbox (delivered_at, due_at);
