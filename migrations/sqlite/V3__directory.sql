-- Where research groups are at home and what they work on. Institutions are listed in the order in which they were
-- imported (position), research fields by their number.

CREATE TABLE institutions (
    id TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT,
    country TEXT NOT NULL
);

CREATE INDEX institutions_by_position ON institutions (position);

CREATE TABLE research_fields (
    id BIGINT NOT NULL PRIMARY KEY,
    field TEXT NOT NULL,
    subfield TEXT NOT NULL
);
