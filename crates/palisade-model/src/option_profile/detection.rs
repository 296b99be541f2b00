//! Which vulnerabilities a scan looks for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::qid::{Qid, Severity};

/// How the QIDs are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetectionScope {
    /// Everything in the KnowledgeBase.
    #[default]
    Complete,
    /// The profile's own lists.
    Custom,
    /// Chosen at each launch.
    Runtime,
}

/// A named list of QIDs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchList {
    /// The list of the subscription that it stands for: what is on that one counts, looked up when a
    /// scan is launched. `None` for a list of the profile's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    pub title: String,
    pub qids: BTreeSet<Qid>,
    /// Beside `qids` every vulnerability of the KnowledgeBase that is at least so bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_severity: Option<Severity>,
}

impl SearchList {
    /// Whether nothing can be on it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id.is_none() && self.qids.is_empty() && self.least_severity.is_none()
    }
}

/// What a selection asks the KnowledgeBase.
pub trait KnownQids {
    /// The QIDs that tell hosts apart: name, operating system, open ports, time.
    fn basic(&self) -> Vec<Qid>;

    /// Vulnerabilities, confirmed and potential, that are at least so bad.
    fn vulnerabilities(&self, least: Severity) -> Vec<Qid>;
}

/// Which vulnerabilities are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VulnerabilityDetection {
    pub scope: DetectionScope,
    /// What a custom scope is made of.
    pub include: Vec<SearchList>,
    /// Never looked for, whatever the scope.
    pub exclude: Vec<SearchList>,
    /// Add what tells hosts apart (name, operating system, open ports) to a custom scope.
    pub basic_host_information: bool,
    /// Checks by OVAL definitions, which need signed-in scanning.
    pub oval_checks: bool,
}

impl Default for VulnerabilityDetection {
    fn default() -> Self {
        Self {
            scope: DetectionScope::Complete,
            include: Vec::new(),
            exclude: Vec::new(),
            basic_host_information: true,
            oval_checks: false,
        }
    }
}

/// The QIDs that one scan is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QidSelection {
    /// Only these; all when `None`.
    pub only: Option<BTreeSet<Qid>>,
    pub except: BTreeSet<Qid>,
}

impl QidSelection {
    #[must_use]
    pub fn has(&self, qid: Qid) -> bool {
        !self.except.contains(&qid) && self.only.as_ref().is_none_or(|only| only.contains(&qid))
    }

    /// Whether it is about everything.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.only.is_none() && self.except.is_empty()
    }
}

impl VulnerabilityDetection {
    /// The lists of the subscription that it stands on, by id, each once.
    #[must_use]
    pub fn list_ids(&self) -> BTreeSet<i64> {
        self.include.iter().chain(&self.exclude).filter_map(|list| list.id).collect()
    }

    /// What a scan with this profile is about, when it was launched for `launched` only.
    #[must_use]
    pub fn select(&self, launched: Option<&[Qid]>, known: &impl KnownQids) -> QidSelection {
        let only = match (launched, self.scope) {
            (Some(launched), _) => Some(launched.iter().copied().collect()),
            (None, DetectionScope::Complete | DetectionScope::Runtime) => None,
            (None, DetectionScope::Custom) => {
                let mut only = qids(&self.include, known);
                if self.basic_host_information {
                    only.extend(known.basic());
                }
                Some(only)
            }
        };
        QidSelection { only, except: qids(&self.exclude, known) }
    }
}

fn qids(lists: &[SearchList], known: &impl KnownQids) -> BTreeSet<Qid> {
    let mut all = BTreeSet::new();
    for SearchList { id: _, title: _, qids, least_severity } in lists {
        all.extend(qids.iter().copied());
        all.extend((*least_severity).into_iter().flat_map(|least| known.vulnerabilities(least)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(numbers: &[u32]) -> SearchList {
        let qids = numbers.iter().filter_map(|number| Qid::new(*number)).collect();
        SearchList { title: "List".to_owned(), qids, ..SearchList::default() }
    }

    /// QID 9 is basic; the others are as bad as half their number.
    struct Known;

    impl KnownQids for Known {
        fn basic(&self) -> Vec<Qid> {
            vec![Qid::new(9).unwrap()]
        }

        fn vulnerabilities(&self, least: Severity) -> Vec<Qid> {
            (2..9).filter(|number| number / 2 >= u32::from(least.level())).filter_map(Qid::new).collect()
        }
    }

    fn selected(detection: &VulnerabilityDetection, launched: Option<&[Qid]>) -> Vec<u32> {
        let selection = detection.select(launched, &Known);
        (1..10).filter(|number| selection.has(Qid::new(*number).unwrap())).collect()
    }

    #[test]
    fn lists_and_launch_decide_together() {
        let mut detection = VulnerabilityDetection { exclude: vec![list(&[3])], ..Default::default() };
        assert_eq!(selected(&detection, None), [1, 2, 4, 5, 6, 7, 8, 9]);
        detection.scope = DetectionScope::Custom;
        detection.include = vec![list(&[1, 2]), list(&[3])];
        assert_eq!(selected(&detection, None), [1, 2, 9]);
        detection.basic_host_information = false;
        assert_eq!(selected(&detection, None), [1, 2]);
        let launched = [3, 5].map(|number| Qid::new(number).unwrap());
        assert_eq!(selected(&detection, Some(&launched)), [5], "what is excluded stays so");
        let bad = SearchList { least_severity: Severity::new(4), ..list(&[1]) };
        detection.include = vec![bad];
        assert_eq!(selected(&detection, None), [1, 8]);
    }
}
