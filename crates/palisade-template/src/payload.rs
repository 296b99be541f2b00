//! Payloads: lists of values that requests are made with, one after the other.

use std::collections::BTreeMap;

use crate::expression::{Evaluation, Scope, Value};
use crate::text::Text;

/// How several lists are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Attack {
    /// One value for all places at a time.
    #[default]
    BatteringRam,
    /// The first of each, the second of each, as long as all have one.
    Pitchfork,
    /// Every one with every other.
    ClusterBomb,
}

impl Attack {
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "batteringram" => Some(Self::BatteringRam),
            "pitchfork" => Some(Self::Pitchfork),
            "clusterbomb" => Some(Self::ClusterBomb),
            _ => None,
        }
    }
}

/// The lists, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Payloads {
    pub(crate) lists: Vec<(String, Vec<Text>)>,
    pub(crate) attack: Attack,
}

impl Payloads {
    /// How many combinations there are; one where there is no list.
    pub(crate) fn count(&self) -> usize {
        let lengths = self.lists.iter().map(|(_, list)| list.len());
        if self.lists.is_empty() {
            return 1;
        }
        match self.attack {
            Attack::BatteringRam => lengths.sum(),
            Attack::Pitchfork => lengths.min().unwrap_or_default(),
            Attack::ClusterBomb => lengths.fold(1, usize::saturating_mul),
        }
    }

    /// The values of one combination, of `0..count()`.
    pub(crate) fn combination(
        &self,
        number: usize,
        evaluation: &mut Evaluation<'_>,
        scope: &Scope<'_>,
    ) -> BTreeMap<String, Value> {
        let mut value = |text: &Text| Value::from(text.render(evaluation, scope).0);
        let mut values = BTreeMap::new();
        match self.attack {
            Attack::BatteringRam => {
                if let Some(text) = self.lists.iter().flat_map(|(_, list)| list).nth(number) {
                    let value = value(text);
                    values.extend(self.lists.iter().map(|(name, _)| (name.clone(), value.clone())));
                }
            }
            Attack::Pitchfork => {
                for (name, list) in &self.lists {
                    values.extend(list.get(number).map(|text| (name.clone(), value(text))));
                }
            }
            Attack::ClusterBomb => {
                let mut rest = number;
                for (name, list) in self.lists.iter().rev() {
                    let length = list.len().max(1);
                    values.extend(list.get(rest % length).map(|text| (name.clone(), value(text))));
                    rest /= length;
                }
            }
        }
        values
    }
}
