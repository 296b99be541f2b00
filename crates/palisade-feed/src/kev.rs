//! CISA's catalogue of known exploited vulnerabilities. The whole of it is some megabytes; it is read
//! record by record all the same.

use std::fmt;
use std::io::Read;

use palisade_model::FeedKind;
use palisade_model::cve::KnownExploited;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::bounded::Allowance;
use crate::error::Error;
use crate::file::{Sink, json_error};
use crate::nvd::shortened;
use crate::record::{Record, Summary};

/// Characters of a text that are kept.
const TEXT_CHARACTERS_MAX: usize = 2_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(default)]
    vendor_project: String,
    #[serde(default)]
    product: String,
    #[serde(default)]
    vulnerability_name: String,
    date_added: String,
    #[serde(default)]
    required_action: String,
    #[serde(default)]
    due_date: String,
    #[serde(default)]
    known_ransomware_campaign_use: String,
}

impl Item {
    fn read(self) -> Option<KnownExploited> {
        let text = |text: &str| shortened(text.trim(), TEXT_CHARACTERS_MAX);
        Some(KnownExploited {
            cve: self.cve.trim().parse().ok()?,
            vendor: text(&self.vendor_project),
            product: text(&self.product),
            name: text(&self.vulnerability_name),
            added_on: self.date_added.parse().ok()?,
            due_on: self.due_date.parse().ok(),
            action: text(&self.required_action),
            ransomware: self.known_ransomware_campaign_use.eq_ignore_ascii_case("known"),
        })
    }
}

/// Reads the catalogue.
pub(crate) fn read(reader: impl Read, allowance: &Allowance, sink: &mut Sink<'_>) -> Result<Summary, Error> {
    let mut catalogue =
        Catalogue { summary: Summary::new(FeedKind::Kev), said: None, allowance, sink, stopped: false };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let outcome = json_map(&mut json, &mut catalogue).and_then(|()| json.end());
    let Catalogue { summary, said, stopped, .. } = catalogue;
    if stopped {
        return Err(Error::Stopped);
    }
    outcome.map_err(|error| json_error(FeedKind::Kev, error))?;
    let had = summary.records + summary.skipped;
    match said {
        Some(said) if said != had => Err(Error::Count { said, had }),
        _ => Ok(summary),
    }
}

fn json_map<'de, R: serde_json::de::Read<'de>>(
    json: &mut serde_json::Deserializer<R>,
    catalogue: &mut Catalogue<'_, '_>,
) -> Result<(), serde_json::Error> {
    json.deserialize_map(catalogue)
}

struct Catalogue<'a, 's> {
    summary: Summary,
    said: Option<u64>,
    allowance: &'a Allowance,
    sink: &'a mut Sink<'s>,
    stopped: bool,
}

impl<'de> Visitor<'de> for &mut Catalogue<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a catalogue with the list `vulnerabilities`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut listed = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "catalogVersion" => self.summary.released = Some(map.next_value()?),
                "count" => self.said = Some(map.next_value()?),
                "vulnerabilities" => {
                    listed = true;
                    map.next_value_seed(Entries(&mut *self))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if listed { Ok(()) } else { Err(serde::de::Error::missing_field("vulnerabilities")) }
    }
}

struct Entries<'c, 'a, 's>(&'c mut Catalogue<'a, 's>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let catalogue = self.0;
        while let Some(item) = sequence.next_element::<Item>()? {
            catalogue.allowance.next_record();
            let Some(entry) = item.read() else {
                catalogue.summary.skipped += 1;
                continue;
            };
            catalogue.summary.records += 1;
            if (catalogue.sink)(Record::KnownExploited(entry)).is_err() {
                catalogue.stopped = true;
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
