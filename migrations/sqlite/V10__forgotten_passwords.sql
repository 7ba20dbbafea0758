-- Whether somebody asked for a new password before the address was confirmed. Then any link that activates the account ends
-- its password: a stranger may have registered the address of somebody else and chosen it.
ALTER TABLE accounts ADD COLUMN activation_ends_password BIGINT NOT NULL DEFAULT 0;
