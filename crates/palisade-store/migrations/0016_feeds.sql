-- Lists of vulnerabilities that others publish. Rows of an import that is on its way carry its
-- number; when it is complete they get 0 in one transaction, and only those are ever read.

CREATE TABLE feed_import (
    id {counted key},
    feed TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    -- An import that is silent for long was broken off; its rows go.
    touched_at BIGINT NOT NULL
);

-- What was imported last. Locked first by every import that ends.
CREATE TABLE feed (
    feed TEXT PRIMARY KEY,
    imported_at BIGINT,
    -- What the file said of its own age.
    released TEXT,
    records BIGINT NOT NULL
);

INSERT INTO feed (feed, imported_at, released, records) VALUES
    ('nvd', NULL, NULL, 0), ('kev', NULL, NULL, 0), ('epss', NULL, NULL, 0), ('osv', NULL, NULL, 0);

-- Counted up by everything that changes what is known of a CVE, so that servers notice.
CREATE TABLE feed_revision (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL
);

INSERT INTO feed_revision (id, revision) VALUES (1, 0);

-- Scores are tenths.
CREATE TABLE cve (
    import_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    description TEXT NOT NULL,
    cvss2_score BIGINT,
    cvss2_vector TEXT,
    cvss3_score BIGINT,
    cvss3_vector TEXT,
    cvss4_score BIGINT,
    cvss4_vector TEXT,
    cwes TEXT NOT NULL,
    -- JSON: which products in which ranges of versions, under which conditions.
    configurations TEXT NOT NULL,
    PRIMARY KEY (import_id, number)
);

-- Which records speak about a product.
CREATE TABLE cve_product (
    import_id BIGINT NOT NULL,
    vendor TEXT NOT NULL,
    product TEXT NOT NULL,
    cve TEXT NOT NULL,
    PRIMARY KEY (import_id, vendor, product, cve)
);

CREATE INDEX cve_product_by_cve ON cve_product (cve, import_id);

CREATE TABLE known_exploited (
    import_id BIGINT NOT NULL,
    cve TEXT NOT NULL,
    vendor TEXT NOT NULL,
    product TEXT NOT NULL,
    name TEXT NOT NULL,
    added_on TEXT NOT NULL,
    due_on TEXT,
    action TEXT NOT NULL,
    ransomware BIGINT NOT NULL,
    PRIMARY KEY (import_id, cve)
);

-- Parts of 100,000.
CREATE TABLE exploit_score (
    import_id BIGINT NOT NULL,
    cve TEXT NOT NULL,
    probability BIGINT NOT NULL,
    percentile BIGINT NOT NULL,
    PRIMARY KEY (import_id, cve)
);

CREATE TABLE advisory (
    import_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    published_at BIGINT,
    withdrawn BIGINT NOT NULL,
    summary TEXT NOT NULL,
    aliases TEXT NOT NULL,
    severities TEXT NOT NULL,
    PRIMARY KEY (import_id, name)
);

CREATE TABLE advisory_package (
    import_id BIGINT NOT NULL,
    advisory TEXT NOT NULL,
    number BIGINT NOT NULL,
    ecosystem TEXT NOT NULL,
    package TEXT NOT NULL,
    -- JSON: ranges, and versions that are listed one by one.
    affected TEXT NOT NULL,
    PRIMARY KEY (import_id, advisory, number)
);

CREATE INDEX advisory_package_by_package ON advisory_package (ecosystem, package);

-- The QID that a CVE has been given; it keeps it for good.
CREATE TABLE cve_qid (
    cve TEXT PRIMARY KEY,
    qid BIGINT NOT NULL UNIQUE,
    assigned_at BIGINT NOT NULL
);
