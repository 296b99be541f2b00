//! The addresses of the subscription and the attributes of each.
//!
//! Kept as disjoint intervals: a /8 with one comment is one row. An edit of some addresses of an
//! interval cuts it; neighbours with equal attributes are joined again.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use palisade_model::{IpRange, IpSet, Login, Timestamp};
use sqlx::any::AnyRow;

use crate::asset_group::{AssetGroupEdit, edit_group};
use crate::error::{Error, Result};
use crate::row::{Read, number_of};
use crate::store::{Store, Write};

/// Most intervals a subscription may be cut into.
pub const RANGES_MAX: usize = 100_000;

/// By what a host is told apart when it is scanned again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrackingMethod {
    Ip,
    Dns,
    Netbios,
}

impl TrackingMethod {
    pub const ALL: [Self; 3] = [Self::Ip, Self::Dns, Self::Netbios];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Dns => "dns",
            Self::Netbios => "netbios",
        }
    }
}

impl fmt::Display for TrackingMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no tracking method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tracking method is one of ip, dns, netbios")]
pub struct NotATrackingMethod;

impl FromStr for TrackingMethod {
    type Err = NotATrackingMethod;

    fn from_str(text: &str) -> Result<Self, NotATrackingMethod> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(NotATrackingMethod)
    }
}

/// What is noted about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAttributes {
    pub tracking: TrackingMethod,
    pub owner: Option<Login>,
    pub comment: Option<String>,
    /// The user-defined fields.
    pub ud: [Option<String>; 3],
}

impl Default for HostAttributes {
    fn default() -> Self {
        Self { tracking: TrackingMethod::Ip, owner: None, comment: None, ud: [None, None, None] }
    }
}

/// Changes to attributes: the outer `None` leaves one as it is, the inner removes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttributeEdit {
    pub tracking: Option<TrackingMethod>,
    pub owner: Option<Option<Login>>,
    pub comment: Option<Option<String>>,
    pub ud: [Option<Option<String>>; 3],
}

impl AttributeEdit {
    fn apply(&self, attributes: &HostAttributes) -> HostAttributes {
        let [ud1, ud2, ud3] = &attributes.ud;
        let [new1, new2, new3] = &self.ud;
        let either = |new: &Option<Option<String>>, old: &Option<String>| new.clone().unwrap_or(old.clone());
        HostAttributes {
            tracking: self.tracking.unwrap_or(attributes.tracking),
            owner: self.owner.clone().unwrap_or(attributes.owner.clone()),
            comment: either(&self.comment, &attributes.comment),
            ud: [either(new1, ud1), either(new2, ud2), either(new3, ud3)],
        }
    }
}

/// What became of addresses that an asset group was to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupHostsAdded {
    /// These are new in the subscription.
    Added(IpSet),
    /// These are in the subscription already, and others' own; nothing changed.
    Taken(IpSet),
    /// The group is gone; nothing changed.
    NoGroup,
}

/// An interval of addresses with the same attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRange {
    pub range: IpRange,
    pub attributes: HostAttributes,
}

impl Store {
    /// The addresses of the subscription.
    pub async fn subscription_ips(&self) -> Result<IpSet> {
        let rows = sqlx::query("SELECT first_ip, last_ip FROM host_range").fetch_all(self.pool()).await?;
        rows.iter().map(|row| read_interval(&Read::new("host_range", row))).collect()
    }

    /// The intervals of the subscription with their attributes, ascending.
    pub async fn list_host_ranges(&self) -> Result<Vec<HostRange>> {
        let rows = sqlx::query(ALL_RANGES).fetch_all(self.pool()).await?;
        rows.iter().map(read_range).collect()
    }

    /// Adds addresses; those that are in the subscription already keep their attributes.
    /// Gives what is new.
    pub async fn add_host_ranges(&self, ips: &IpSet, attributes: &HostAttributes) -> Result<IpSet> {
        let mut write = self.write().await?;
        let old = lock_ranges(self, &mut write).await?;
        let new = add_ranges(&mut write, &old, ips, attributes).await?;
        write.commit().await?;
        Ok(new)
    }

    /// The same for addresses that an asset group is to have, in one step. Addresses in the
    /// subscription already must be among `own`.
    pub async fn add_host_ranges_to_group(
        &self,
        ips: &IpSet,
        attributes: &HostAttributes,
        own: &IpSet,
        (group, now): (i64, Timestamp),
    ) -> Result<GroupHostsAdded> {
        let mut write = self.write().await?;
        let old = lock_ranges(self, &mut write).await?;
        let taken = ips.intersection(&addresses(&old)).difference(own);
        if !taken.is_empty() {
            return Ok(GroupHostsAdded::Taken(taken));
        }
        let edit = AssetGroupEdit { added_ips: ips.clone(), ..AssetGroupEdit::default() };
        if !edit_group(&mut write, group, &edit, now).await? {
            return Ok(GroupHostsAdded::NoGroup);
        }
        let new = add_ranges(&mut write, &old, ips, attributes).await?;
        write.commit().await?;
        Ok(GroupHostsAdded::Added(new))
    }

    /// Changes attributes of addresses of the subscription. Gives those that are in it.
    pub async fn edit_host_ranges(&self, ips: &IpSet, edit: &AttributeEdit) -> Result<IpSet> {
        let mut write = self.write().await?;
        let old = lock_ranges(self, &mut write).await?;
        let edited = ips.intersection(&addresses(&old));
        let wanted = old.iter().flat_map(|part| cut(part, &edited, edit)).collect();
        replace(&mut write, &old, joined(wanted)).await?;
        write.commit().await?;
        Ok(edited)
    }
}

const ALL_RANGES: &str =
    "SELECT first_ip, last_ip, tracking, owner, comment, ud1, ud2, ud3 FROM host_range ORDER BY first_ip";

/// All intervals, and nobody else changes them until the transaction ends.
async fn lock_ranges(store: &Store, write: &mut Write) -> Result<Vec<HostRange>> {
    sqlx::query(store.dialect().lock_subscription()).fetch_one(write.connection()).await?;
    let rows = sqlx::query(ALL_RANGES).fetch_all(write.connection()).await?;
    rows.iter().map(read_range).collect()
}

/// Adds what is not among the `old` intervals; gives it.
async fn add_ranges(
    write: &mut Write,
    old: &[HostRange],
    ips: &IpSet,
    attributes: &HostAttributes,
) -> Result<IpSet> {
    let new = ips.difference(&addresses(old));
    let mut wanted = old.to_vec();
    wanted
        .extend(new.ranges().iter().map(|range| HostRange { range: *range, attributes: attributes.clone() }));
    replace(write, old, joined(wanted)).await?;
    Ok(new)
}

/// The addresses of the subscription as a transaction sees them.
pub(crate) async fn ips_within(write: &mut Write) -> Result<IpSet> {
    let rows = sqlx::query("SELECT first_ip, last_ip FROM host_range").fetch_all(write.connection()).await?;
    rows.iter().map(|row| read_interval(&Read::new("host_range", row))).collect()
}

fn addresses(ranges: &[HostRange]) -> IpSet {
    ranges.iter().map(|part| part.range).collect()
}

/// An interval with the edit applied to those of its addresses that are in `edited`.
fn cut(part: &HostRange, edited: &IpSet, edit: &AttributeEdit) -> Vec<HostRange> {
    let all: IpSet = [part.range].into_iter().collect();
    let inside = all.intersection(edited);
    if inside.is_empty() {
        return vec![part.clone()];
    }
    let changed = edit.apply(&part.attributes);
    let with = |set: &IpSet, attributes: &HostAttributes| -> Vec<HostRange> {
        let part = |range: &IpRange| HostRange { range: *range, attributes: attributes.clone() };
        set.ranges().iter().map(part).collect()
    };
    let mut parts = with(&all.difference(&inside), &part.attributes);
    parts.extend(with(&inside, &changed));
    parts
}

/// Sorted, with equal neighbours made one.
fn joined(mut parts: Vec<HostRange>) -> Vec<HostRange> {
    parts.sort_by_key(|part| part.range);
    let mut all = Vec::<HostRange>::with_capacity(parts.len());
    for part in parts {
        let follows = |last: &HostRange| {
            u64::from(u32::from(last.range.last())) + 1 == u64::from(u32::from(part.range.first()))
                && last.attributes == part.attributes
        };
        match all.last_mut() {
            Some(last) if follows(last) => {
                last.range = IpRange::new(last.range.first(), part.range.last()).unwrap_or(last.range);
            }
            _ => all.push(part),
        }
    }
    all
}

/// Writes the difference between what is stored and what is wanted; both are sorted.
async fn replace(write: &mut Write, old: &[HostRange], wanted: Vec<HostRange>) -> Result<()> {
    if wanted.len() > RANGES_MAX {
        return Err(Error::TooManyRanges { max: RANGES_MAX });
    }
    let same = |left: &[HostRange], part: &HostRange| {
        left.binary_search_by_key(&part.range, |other| other.range)
            .ok()
            .and_then(|index| left.get(index))
            .is_some_and(|other| other == part)
    };
    for part in old.iter().filter(|part| !same(&wanted, part)) {
        sqlx::query("DELETE FROM host_range WHERE first_ip = $1")
            .bind(number_of(part.range.first()))
            .execute(write.connection())
            .await?;
    }
    for part in wanted.iter().filter(|part| !same(old, part)) {
        add_range(write, part).await?;
    }
    Ok(())
}

async fn add_range(write: &mut Write, part: &HostRange) -> Result<()> {
    let HostRange { range, attributes: HostAttributes { tracking, owner, comment, ud: [ud1, ud2, ud3] } } =
        part;
    sqlx::query(
        "INSERT INTO host_range (first_ip, last_ip, tracking, owner, comment, ud1, ud2, ud3)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(number_of(range.first()))
    .bind(number_of(range.last()))
    .bind(tracking.as_str())
    .bind(owner.as_ref().map(ToString::to_string))
    .bind(comment.clone())
    .bind(ud1.clone())
    .bind(ud2.clone())
    .bind(ud3.clone())
    .execute(write.connection())
    .await?;
    Ok(())
}

pub(crate) fn read_interval(read: &Read<'_>) -> Result<IpRange> {
    let (first, last): (Ipv4Addr, Ipv4Addr) = (read.address("first_ip")?, read.address("last_ip")?);
    IpRange::new(first, last).ok_or_else(|| read.inconsistent("last_ip"))
}

fn read_range(row: &AnyRow) -> Result<HostRange> {
    let read = Read::new("host_range", row);
    Ok(HostRange {
        range: read_interval(&read)?,
        attributes: HostAttributes {
            tracking: read.word("tracking")?,
            owner: read.optional_word("owner")?,
            comment: read.optional_text("comment")?,
            ud: [read.optional_text("ud1")?, read.optional_text("ud2")?, read.optional_text("ud3")?],
        },
    })
}
