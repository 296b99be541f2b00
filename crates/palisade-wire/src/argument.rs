//! Typed arguments of a request. They are asked for by the parameter's declaration, not by name,
//! so that a misspelt name does not compile.

use palisade_model::{
    AssetGroupTitle, Date, DomainName, IpSet, MapRef, MapTarget, NumberSet, PortSet, Qid, ScanHeader,
    ScanRef, Timestamp, Weekdays,
};

use crate::parameter::Parameter;

/// A parsed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Choice(&'static str),
    Choices(Vec<&'static str>),
    Numbers(NumberSet),
    Switch(bool),
    IpSet(IpSet),
    Domain(DomainName),
    Domains(Vec<DomainName>),
    ScanRef(ScanRef),
    MapRef(MapRef),
    MapTargets(Vec<MapTarget>),
    DateTime(Timestamp),
    Date(Date),
    Weekdays(Weekdays),
    Integer(u64),
    Qids(Vec<Qid>),
    AssetGroupTitle(AssetGroupTitle),
    Titles(Vec<String>),
    Ports(PortSet),
    ScanHeader(ScanHeader),
}

/// One argument: the declaration, the text as sent, and what it means.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    pub(crate) parameter: &'static Parameter,
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// The arguments of one request, each parameter at most once.
#[derive(Debug, Clone, Default)]
pub struct Arguments(Vec<Argument>);

/// Declares a getter for one kind of value.
macro_rules! getter {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $out:ty) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(&self, parameter: &Parameter) -> Option<&$out> {
            match self.value(parameter) {
                Some(Value::$variant(value)) => Some(value),
                _ => None,
            }
        }
    };
}

impl Arguments {
    pub(crate) fn new(arguments: Vec<Argument>) -> Self {
        Self(arguments)
    }

    /// Whether the parameter was given.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.text_of(name).is_some()
    }

    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|argument| argument.parameter.name == name).map(|argument| argument.text.as_str())
    }

    fn value(&self, parameter: &Parameter) -> Option<&Value> {
        self.0
            .iter()
            .find(|argument| argument.parameter.name == parameter.name)
            .map(|argument| &argument.value)
    }

    /// The value as the client wrote it.
    #[must_use]
    pub fn written(&self, parameter: &Parameter) -> Option<&str> {
        self.text_of(parameter.name)
    }

    getter!(/** A free text, possibly empty. */ text, Text, str);
    getter!(/** The addresses of an address list. */ ip_set, IpSet, IpSet);
    getter!(/** The words chosen, in the order given, each once. */ choices, Choices, [&'static str]);
    getter!(/** The numbers of a list. */ numbers, Numbers, NumberSet);
    getter!(/** A domain. */ domain, Domain, DomainName);
    getter!(/** The domains of a list, possibly none. */ domains, Domains, [DomainName]);
    getter!(/** A scan reference. */ scan_ref, ScanRef, ScanRef);
    getter!(/** A map reference. */ map_ref, MapRef, MapRef);
    getter!(/** What is to be mapped. */ map_targets, MapTargets, [MapTarget]);
    getter!(/** The QIDs of a list, in the order given, each once. */ qids, Qids, [Qid]);
    getter!(/** The title of an asset group. */ asset_group_title, AssetGroupTitle, AssetGroupTitle);
    getter!(/** The titles of a list, or the names of hosts. */ titles, Titles, [String]);

    getter!(/** The ports of a list; `None` for a word in its place. */ ports, Ports, PortSet);
    getter!(/** The value of a header. */ scan_header, ScanHeader, ScanHeader);

    /// A text that is not blank.
    #[must_use]
    pub fn filled_text(&self, parameter: &Parameter) -> Option<&str> {
        self.text(parameter).filter(|text| !text.trim().is_empty())
    }

    /// The word chosen.
    #[must_use]
    pub fn choice(&self, parameter: &Parameter) -> Option<&'static str> {
        match self.value(parameter) {
            Some(Value::Choice(word)) => Some(word),
            _ => None,
        }
    }

    /// Whether a switch is on; off when it was not given.
    #[must_use]
    pub fn switch(&self, parameter: &Parameter) -> bool {
        matches!(self.value(parameter), Some(Value::Switch(true)))
    }

    /// A point in time.
    #[must_use]
    pub fn date_time(&self, parameter: &Parameter) -> Option<Timestamp> {
        match self.value(parameter) {
            Some(Value::DateTime(at)) => Some(*at),
            _ => None,
        }
    }

    /// A day of the calendar.
    #[must_use]
    pub fn date(&self, parameter: &Parameter) -> Option<Date> {
        match self.value(parameter) {
            Some(Value::Date(date)) => Some(*date),
            _ => None,
        }
    }

    /// Days of the week.
    #[must_use]
    pub fn weekdays(&self, parameter: &Parameter) -> Option<Weekdays> {
        match self.value(parameter) {
            Some(Value::Weekdays(days)) => Some(*days),
            _ => None,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, parameter: &Parameter) -> Option<u64> {
        match self.value(parameter) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }
}
