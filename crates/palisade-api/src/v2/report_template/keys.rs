//! What a key of report templates is: a parameter, the templates that have it, the group of an export that it
//! stands in, and how it is read from a template and written to one. The keys themselves are in `key_table`.

use palisade_app::ChooseTemplate;
use palisade_model::report_template::ITEMS_MAX;
use palisade_model::{NumberSet, TemplateFamily};
use palisade_wire::{Arguments, Parameter, Rule};

use super::key_table::KEYS;

/// A group of an export; written in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Title,
    Target,
    Display,
    Filter,
    ServicesPorts,
    UserAccess,
}

impl Group {
    pub(super) const ALL: [Self; 6] =
        [Self::Title, Self::Target, Self::Display, Self::Filter, Self::ServicesPorts, Self::UserAccess];

    /// The element.
    pub(super) const fn element(self) -> &'static str {
        match self {
            Self::Title => "TITLE",
            Self::Target => "TARGET",
            Self::Display => "DISPLAY",
            Self::Filter => "FILTER",
            // As clients know it.
            Self::ServicesPorts => "SERVICSPORTS",
            Self::UserAccess => "USERACCESS",
        }
    }
}

/// How a key is read from a template and written to one.
pub(super) enum Meaning {
    Flag {
        get: fn(&ChooseTemplate) -> bool,
        set: fn(&mut ChooseTemplate, bool),
    },
    Text {
        get: fn(&ChooseTemplate) -> String,
        set: fn(&mut ChooseTemplate, &Arguments, &Parameter),
    },
    /// Of no effect on XML and CSV; told as it was given, or else as this.
    Kept(&'static str),
}

/// One thing that a template says.
pub(super) struct Key {
    pub(super) parameter: Parameter,
    pub(super) group: Group,
    pub(super) families: &'static [TemplateFamily],
    pub(super) meaning: Meaning,
}

impl Key {
    /// The value in a template, as an export tells it.
    pub(super) fn value(&self, template: &ChooseTemplate) -> String {
        match &self.meaning {
            Meaning::Flag { get, .. } => if get(template) { "1" } else { "0" }.to_owned(),
            Meaning::Text { get, .. } => get(template),
            Meaning::Kept(default) => kept(template, self.parameter.name, default),
        }
    }

    /// Writes what was given to a template.
    pub(super) fn apply(&self, template: &mut ChooseTemplate, arguments: &Arguments) {
        let Some(written) = arguments.written(&self.parameter) else { return };
        match &self.meaning {
            Meaning::Flag { set, .. } => set(template, arguments.switch(&self.parameter)),
            Meaning::Text { set, .. } => set(template, arguments, &self.parameter),
            Meaning::Kept(_) => keep(template, self.parameter.name, written),
        }
    }
}

/// The keys of a family's templates, in the order of an export.
pub(super) fn keys_of(family: TemplateFamily) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.families.contains(&family))
}

/// What must hold between the keys of a family.
pub(super) fn rules_of(family: TemplateFamily) -> Vec<Rule> {
    match family {
        TemplateFamily::Scan => [RULES_OF_TIMES, RULES_OF_LISTS].concat(),
        TemplateFamily::PciScan | TemplateFamily::Patch => RULES_OF_LISTS.to_vec(),
        TemplateFamily::Map => Vec::new(),
    }
}

const fn with(parameter: &'static str, with: &'static str, value: &'static str) -> Rule {
    Rule::OnlyWith { parameter, with, value: Some(value) }
}

const RULES_OF_TIMES: &[Rule] = &[with("selection_range", "limit_timeframe", "1")];
const RULES_OF_LISTS: &[Rule] = &[
    with("search_list_ids", "selective_vulns", "custom"),
    Rule::When {
        parameter: "selective_vulns",
        value: "custom",
        rules: &[Rule::AtLeastOneOf(&["search_list_ids"])],
    },
    with("exclude_search_list_ids", "exclude_qid_option", "1"),
    Rule::When {
        parameter: "exclude_qid_option",
        value: "1",
        rules: &[Rule::AtLeastOneOf(&["exclude_search_list_ids"])],
    },
];

pub(super) fn kept(template: &ChooseTemplate, key: &str, default: &str) -> String {
    template.content.kept.get(key).map_or(default, String::as_str).to_owned()
}

pub(super) fn keep(template: &mut ChooseTemplate, key: &str, value: &str) {
    template.content.kept.insert(key.to_owned(), value.to_owned());
}

pub(super) const UNITS: &[&str] = &["day", "week", "month"];
/// Words for every operating system and every category.
const ALL: &str = "ALL";

pub(super) fn days_of(unit: &str) -> u32 {
    match unit {
        "week" => 7,
        "month" => 30,
        _ => 1,
    }
}

/// The unit that the timeframe was given in, if it still fits, and its days.
pub(super) fn unit(template: &ChooseTemplate) -> (&'static str, u32) {
    let kept = kept(template, "selection_type", "day");
    let days = template.content.filter.timeframe_days.unwrap_or(0);
    let fitting = UNITS.iter().find(|unit| **unit == kept && days.is_multiple_of(days_of(unit)));
    let word = fitting.copied().unwrap_or("day");
    (word, days_of(word))
}

pub(super) fn ids_text(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn ids(arguments: &Arguments, parameter: &Parameter) -> Vec<i64> {
    let ranges = arguments.numbers(parameter).map(NumberSet::ranges).unwrap_or_default();
    let all = ranges.iter().flat_map(|(first, last)| *first..=*last);
    // One more than there may be, which is then refused.
    all.take(ITEMS_MAX + 1).filter_map(|id| i64::try_from(id).ok()).collect()
}

pub(super) fn listed(words: &[String]) -> String {
    if words.is_empty() { ALL.to_owned() } else { words.join(",") }
}

pub(super) fn words(arguments: &Arguments, parameter: &Parameter) -> Vec<String> {
    let text = arguments.text(parameter).unwrap_or_default().trim();
    if text.eq_ignore_ascii_case(ALL) {
        return Vec::new();
    }
    text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}
