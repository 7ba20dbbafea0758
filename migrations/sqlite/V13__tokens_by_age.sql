-- The oldest tokens of a session are deleted in the order of this index.
DROP INDEX refresh_tokens_by_session;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id, issued_at);
