-- Facts about the database as a whole: 'compatible_since' is the schema of the oldest program that can use this one, so that
-- old servers keep running during an upgrade. 'key_fingerprint' identifies the secret key of the servers
-- that share the database.
CREATE TABLE properties (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

INSERT INTO properties (name, value) VALUES ('compatible_since', '12');
