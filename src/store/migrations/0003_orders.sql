-- Orders of certificates, what they need, and the API keys of their clients. Users (0), organizations (1), domains (2) and
-- orders (3) are JSON documents, in the form in which they are imported and shown; what orders are looked for by stands
-- beside in columns. Times are seconds since 1970 in UTC.

CREATE TABLE order_parts (
    kind SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) /*sqlite: WITHOUT ROWID */;

-- What a domain or an order needs, which must not go away before it.
CREATE TABLE order_needs (
    kind SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    needed_kind SMALLINT NOT NULL,
    needed_id BIGINT NOT NULL,
    PRIMARY KEY (kind, id, needed_kind, needed_id),
    FOREIGN KEY (kind, id) REFERENCES order_parts (kind, id),
    FOREIGN KEY (needed_kind, needed_id) REFERENCES order_parts (kind, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX order_needs_needed ON order_needs (needed_kind, needed_id);

CREATE TABLE orders (
    id BIGINT NOT NULL PRIMARY KEY,
    -- As it was set; an issued one expires with valid_till.
    status TEXT NOT NULL,
    status_at BIGINT NOT NULL,
    product TEXT NOT NULL,
    product_name TEXT NOT NULL,
    -- In lower case.
    common_name TEXT NOT NULL,
    user_id BIGINT,
    organization_id BIGINT,
    validity_years BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    valid_till BIGINT,
    -- Upper-case hexadecimal; several orders may have one certificate.
    thumbprint TEXT,
    serial TEXT
);
CREATE INDEX orders_by_status ON orders (status, id);
CREATE INDEX orders_by_status_at ON orders (status_at, id);
CREATE INDEX orders_by_valid_till ON orders (valid_till, id);
CREATE INDEX orders_by_user ON orders (user_id, id);
CREATE INDEX orders_by_common_name ON orders (common_name, id);
CREATE INDEX orders_by_thumbprint ON orders (thumbprint);
CREATE INDEX orders_by_serial ON orders (serial);

CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    -- 0, 100, 101, 102 or 103.
    restriction SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- SHA-256 of the key, which is kept nowhere.
    digest BYTEA NOT NULL UNIQUE
);
CREATE INDEX api_keys_of_user ON api_keys (user_id);
