//! Reading columns: from integers and texts to the vocabulary of the field. What does not fit is
//! [`Error::Inconsistent`] with the name of its table, column and row.

use std::net::Ipv4Addr;
use std::str::FromStr;

use palisade_model::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};

/// A row being read, and the table to name when something is wrong with it.
pub(crate) struct Read<'r> {
    table: &'static str,
    row: &'r AnyRow,
}

impl<'r> Read<'r> {
    pub(crate) fn new(table: &'static str, row: &'r AnyRow) -> Self {
        Self { table, row }
    }

    pub(crate) fn number(&self, column: &'static str) -> Result<i64> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn optional_number(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.row.try_get(column)?)
    }

    pub(crate) fn optional_text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.row.try_get(column)?)
    }

    /// A number that is never negative.
    pub(crate) fn count(&self, column: &'static str) -> Result<u64> {
        self.number(column)?.try_into().map_err(|_| self.inconsistent(column))
    }

    /// A number that is never negative and may be missing.
    pub(crate) fn optional_count(&self, column: &'static str) -> Result<Option<u64>> {
        self.optional_number(column)?
            .map(|number| number.try_into().map_err(|_| self.inconsistent(column)))
            .transpose()
    }

    /// Yes or no, kept as 1 or 0.
    pub(crate) fn yes(&self, column: &'static str) -> Result<bool> {
        match self.number(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.inconsistent(column)),
        }
    }

    /// A point in time, kept in microseconds since 1970.
    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp> {
        Timestamp::from_microsecond(self.number(column)?).map_err(|_| self.inconsistent(column))
    }

    pub(crate) fn optional_time(&self, column: &'static str) -> Result<Option<Timestamp>> {
        self.optional_number(column)?
            .map(|at| Timestamp::from_microsecond(at).map_err(|_| self.inconsistent(column)))
            .transpose()
    }

    /// An IPv4 address, kept as its number.
    pub(crate) fn address(&self, column: &'static str) -> Result<Ipv4Addr> {
        u32::try_from(self.number(column)?).map(Ipv4Addr::from).map_err(|_| self.inconsistent(column))
    }

    /// A word of the vocabulary, kept as its text.
    pub(crate) fn word<T: FromStr>(&self, column: &'static str) -> Result<T> {
        self.text(column)?.parse().map_err(|_| self.inconsistent(column))
    }

    /// A word that may be missing.
    pub(crate) fn optional_word<T: FromStr>(&self, column: &'static str) -> Result<Option<T>> {
        self.optional_text(column)?
            .map(|text| text.parse().map_err(|_| self.inconsistent(column)))
            .transpose()
    }

    /// A value whose text may be empty, such as a set of addresses.
    pub(crate) fn value<T: TryFrom<String>>(&self, column: &'static str) -> Result<T> {
        T::try_from(self.text(column)?).map_err(|_| self.inconsistent(column))
    }

    /// A value kept as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.inconsistent(column))
    }

    pub(crate) fn optional_json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>> {
        self.optional_text(column)?
            .map(|text| serde_json::from_str(&text).map_err(|_| self.inconsistent(column)))
            .transpose()
    }

    /// The row, told from its first column: every query of this crate selects a key first.
    pub(crate) fn inconsistent(&self, column: &'static str) -> Error {
        let row = self.row.try_get::<i64, _>(0).map(|key| key.to_string());
        let row = row.or_else(|_| self.row.try_get::<String, _>(0)).unwrap_or_default();
        Error::Inconsistent { table: self.table, column, row }
    }
}

/// An address as the number it is kept as.
pub(crate) fn number_of(address: Ipv4Addr) -> i64 {
    i64::from(u32::from(address))
}

/// A count as the integer it is kept as; nothing we count comes near the limit.
pub(crate) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A value as JSON text.
pub(crate) fn json_text<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::Json)
}
