-- Values from Django. Only `export --django` and `lastLogin` return them.
ALTER TABLE accounts ADD COLUMN is_superuser BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN last_login_at BIGINT;

-- The primary keys that rows had in Django, by model, and the ids that they have here. A row stays when its account or group
-- is deleted, so that a later import does not restore it.
CREATE TABLE django_keys (
    model TEXT NOT NULL CHECK (model IN ('user', 'institution', 'working_group', 'join_request')),
    django_key TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (model, django_key)
);

CREATE UNIQUE INDEX django_keys_by_id ON django_keys (model, id);
