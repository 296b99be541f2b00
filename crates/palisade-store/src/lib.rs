//! What is known: SQLite and PostgreSQL, one set of queries.
