-- What limits attempts: how often something was tried, and from where an account was used. Both outlive a restart, so
-- that nobody gets free attempts by waiting for one.
--
-- counted is how many attempts are remembered as of counted_at, the time of the last. forgotten_at is when none is left.
-- A client is known by its network: an IPv4 address, or the /64 of an IPv6 address.

CREATE TABLE attempts (
    name TEXT NOT NULL PRIMARY KEY,
    counted BIGINT NOT NULL,
    counted_at BIGINT NOT NULL,
    forgotten_at BIGINT NOT NULL
);

CREATE INDEX attempts_by_end ON attempts (forgotten_at);

CREATE TABLE known_clients (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    network TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, network)
);

CREATE INDEX known_clients_by_time ON known_clients (seen_at);
