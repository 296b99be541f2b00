//! The use cases and their permissions.
