-- Tenants, their tokens, and what the verification API keeps. Ids are UUIDs of version 7, so they sort by creation;
-- times are seconds since 1970 in UTC; small numbers are the codes of the enums in src/store.

CREATE TABLE tenants (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    id UUID NOT NULL PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    -- SHA-256 of the token, which is kept nowhere.
    hash BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    -- The hour it was last used in.
    last_used_at BIGINT
);
CREATE INDEX tokens_of_tenant ON tokens (tenant, id);

CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id)
) /*sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX users_of_tenant ON users (tenant, id);

CREATE TABLE certificates (
    id UUID NOT NULL PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    -- SHA-256 of the DER encoding.
    fingerprint BYTEA NOT NULL,
    kind SMALLINT NOT NULL,
    -- SHA-256 of the issuer's name in DER, as issuerNameHash of OCSP, and the octets of the serial.
    issuer_name_hash BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    user_id UUID REFERENCES users (id),
    -- Its place among the certificates of its person, as the link source has it.
    place BIGINT NOT NULL,
    -- 1 for the one issued last of its user and kind.
    latest SMALLINT NOT NULL,
    der BYTEA NOT NULL,
    UNIQUE (tenant, fingerprint)
);
CREATE UNIQUE INDEX certificates_of_tenant ON certificates (tenant, id);
CREATE INDEX certificates_by_kind ON certificates (tenant, kind, id);
CREATE INDEX certificates_by_user ON certificates (user_id, kind, id);
CREATE INDEX certificates_by_generation ON certificates (tenant, latest, id);

-- The certificates known to belong to a user, also those that are not stored (any more).
CREATE TABLE user_certificates (
    tenant BIGINT NOT NULL,
    issuer_name_hash BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    PRIMARY KEY (tenant, issuer_name_hash, serial)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX user_certificates_by_user ON user_certificates (user_id);

-- The link source: which certificates belong to one person, in the order in which they were issued.
CREATE TABLE links (
    issuer_name_hash BYTEA NOT NULL,
    serial BYTEA NOT NULL,
    person TEXT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (issuer_name_hash, serial)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX links_of_person ON links (person, place);

-- The checks of a certificate are numbered without gaps, so that an offset is a number. Only the oldest are ever removed,
-- or all.
CREATE TABLE checks (
    certificate UUID NOT NULL REFERENCES certificates (id),
    number BIGINT NOT NULL,
    id UUID NOT NULL,
    tenant BIGINT NOT NULL,
    status SMALLINT NOT NULL,
    method SMALLINT NOT NULL,
    purpose SMALLINT NOT NULL,
    source_updated_at BIGINT,
    revoked_at BIGINT,
    reason SMALLINT,
    PRIMARY KEY (certificate, number)
) /*sqlite: WITHOUT ROWID */;
CREATE UNIQUE INDEX checks_of_tenant ON checks (tenant, id);

CREATE TABLE verifications (
    id UUID NOT NULL PRIMARY KEY,
    tenant BIGINT NOT NULL REFERENCES tenants (id),
    -- These three are emptied when the certificate is deleted.
    certificate UUID REFERENCES certificates (id),
    kind SMALLINT,
    check_id UUID,
    user_id UUID REFERENCES users (id),
    result SMALLINT NOT NULL,
    hash_algorithm SMALLINT NOT NULL,
    digest BYTEA NOT NULL,
    signature BYTEA NOT NULL
);
CREATE UNIQUE INDEX verifications_of_tenant ON verifications (tenant, id);
CREATE INDEX verifications_by_kind ON verifications (tenant, kind, id);
CREATE INDEX verifications_by_certificate ON verifications (certificate, id);
CREATE INDEX verifications_by_user ON verifications (user_id, id);

-- How many records were made in a minute or a day; see src/store/counts.rs.
CREATE TABLE counts (
    tenant BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    span BIGINT NOT NULL,
    start BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, span, start, shard)
) /*sqlite: WITHOUT ROWID */;
