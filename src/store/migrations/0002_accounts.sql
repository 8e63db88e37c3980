-- Accounts of people who administer this server, and the log of what they did. Ids are UUIDs of version 7; times are
-- seconds since 1970 in UTC; small numbers are the codes of the enums in src/store.

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    -- Without the slash of the root domain.
    name TEXT NOT NULL UNIQUE,
    -- Argon2id in the PHC form.
    password TEXT NOT NULL,
    role SMALLINT NOT NULL,
    -- Counts the changes of the password, each of which ends the sessions before it.
    version BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID */;

CREATE TABLE audit (
    id UUID NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    family TEXT NOT NULL,
    actor TEXT NOT NULL,
    peer TEXT,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome SMALLINT NOT NULL,
    detail TEXT NOT NULL
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX audit_by_actor ON audit (actor, id);

-- Entries are added and never changed, also by whoever finds a way to run a statement.
/*sqlite:
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
*/
/*postgres:
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = ''23514''; END';
CREATE TRIGGER audit_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only('the audit log is append-only');
*/
