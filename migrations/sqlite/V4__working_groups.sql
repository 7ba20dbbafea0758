-- Working groups, who belongs to them and who wishes to.
--
-- The keys say what always holds: nobody is in two groups, a group has one representative at most, that one is a
-- member, and nobody waits twice for the answer of one group. Groups are listed in the order in which they were
-- founded (position), wishes to join in the order in which they were made.

CREATE TABLE working_groups (
    id TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    institution_id TEXT REFERENCES institutions (id),
    research_field_id BIGINT NOT NULL REFERENCES research_fields (id),
    employees BIGINT,
    is_public BIGINT NOT NULL
);

CREATE UNIQUE INDEX working_groups_by_name ON working_groups (institution_id, name);
CREATE INDEX working_groups_by_position ON working_groups (position);
CREATE INDEX working_groups_by_research_field ON working_groups (research_field_id);

CREATE TABLE memberships (
    account_id BIGINT NOT NULL PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    working_group_id TEXT NOT NULL REFERENCES working_groups (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('member', 'representative'))
);

CREATE INDEX memberships_by_working_group ON memberships (working_group_id, account_id);
CREATE UNIQUE INDEX representatives_by_working_group ON memberships (working_group_id) WHERE role = 'representative';

CREATE TABLE join_requests (
    id TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    working_group_id TEXT NOT NULL REFERENCES working_groups (id) ON DELETE CASCADE,
    made_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'declined'))
);

CREATE INDEX join_requests_by_position ON join_requests (position);
CREATE INDEX join_requests_by_account ON join_requests (account_id);
CREATE INDEX join_requests_by_working_group ON join_requests (working_group_id);
CREATE UNIQUE INDEX join_requests_that_wait ON join_requests (account_id, working_group_id) WHERE status = 'pending';

-- What a search for an institution looks at: name and place, without case and accents. The program writes it; for
-- institutions from before it is as close to that as SQL comes, until they are imported again.
ALTER TABLE institutions ADD COLUMN search_key TEXT NOT NULL DEFAULT '';
UPDATE institutions SET search_key = lower(name || ' ' || city || ' ' || COALESCE(state, '') || ' ' || country);
