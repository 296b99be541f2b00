//! The keys of report templates, in the order of an export.
//!
//! Deliberately absent: asset tags as targets, which this server does not have; their parameters are unknown
//! to it.

use palisade_app::ChooseTemplate;
use palisade_model::report_template::TITLE_CHARACTERS_MAX;
use palisade_model::{DetectionStatus, FindingOrder, IpSet, Levels, TemplateFamily, TemplateSelection};
use palisade_wire::{Arguments, Parameter, ParameterKind};

use super::keys::{Group, Key, Meaning, UNITS, days_of, ids, ids_text, keep, kept, listed, unit, words};

const EVERY: &[TemplateFamily] =
    &[TemplateFamily::Scan, TemplateFamily::PciScan, TemplateFamily::Patch, TemplateFamily::Map];
const OF_HOSTS: &[TemplateFamily] = &[TemplateFamily::Scan, TemplateFamily::PciScan, TemplateFamily::Patch];
const OF_SCANS: &[TemplateFamily] = &[TemplateFamily::Scan, TemplateFamily::PciScan];
const OF_TARGETS: &[TemplateFamily] = &[TemplateFamily::Scan, TemplateFamily::Patch];
const SCAN: &[TemplateFamily] = &[TemplateFamily::Scan];
const MAP: &[TemplateFamily] = &[TemplateFamily::Map];

/// A part of a report that is there or not.
macro_rules! part {
    ($families:expr, $name:literal, $text:literal, $field:ident) => {
        Key {
            parameter: Parameter::new($name, ParameterKind::ZeroOne, "1", $text),
            group: Group::Display,
            families: $families,
            meaning: Meaning::Flag {
                get: |template| template.content.display.$field,
                set: |template, on| template.content.display.$field = on,
            },
        }
    };
}

/// A status of vulnerabilities that counts or not.
macro_rules! status {
    ($name:literal, $text:literal, $status:ident) => {
        Key {
            parameter: Parameter::new($name, ParameterKind::ZeroOne, "1", $text),
            group: Group::Filter,
            families: SCAN,
            meaning: Meaning::Flag {
                get: |template| template.content.filter.statuses.contains(&DetectionStatus::$status),
                set: |template, on| {
                    let statuses = &mut template.content.filter.statuses;
                    statuses.retain(|status| *status != DetectionStatus::$status);
                    if on {
                        statuses.push(DetectionStatus::$status);
                    }
                },
            },
        }
    };
}

/// A kind of findings that counts or not.
macro_rules! kind {
    ($name:literal, $text:literal, $field:ident) => {
        Key {
            parameter: Parameter::new($name, ParameterKind::ZeroOne, "1", $text),
            group: Group::Filter,
            families: OF_SCANS,
            meaning: Meaning::Flag {
                get: |template| !template.content.filter.$field.is_empty(),
                set: |template, on| {
                    let levels = &mut template.content.filter.$field;
                    if !on {
                        *levels = Levels::NONE;
                    } else if levels.is_empty() {
                        *levels = Levels::ALL;
                    }
                },
            },
        }
    };
}

/// A kind of findings whose disabled, or ignored, ones are shown.
macro_rules! also {
    ($name:literal, $text:literal, $of:ident.$field:ident) => {
        Key {
            parameter: Parameter::new($name, ParameterKind::ZeroOne, "1", $text),
            group: Group::Filter,
            families: OF_SCANS,
            meaning: Meaning::Flag {
                get: |template| template.content.filter.$of.$field,
                set: |template, on| template.content.filter.$of.$field = on,
            },
        }
    };
}

/// A flag that XML and CSV have nothing for.
const fn kept_flag(
    families: &'static [TemplateFamily],
    group: Group,
    name: &'static str,
    text: &'static str,
) -> Key {
    let parameter = Parameter::new(name, ParameterKind::ZeroOne, "1", text);
    Key { parameter, group, families, meaning: Meaning::Kept("0") }
}

/// A text of the same sort.
const fn kept_text(
    families: &'static [TemplateFamily],
    group: Group,
    name: &'static str,
    example: &'static str,
    text: &'static str,
) -> Key {
    let parameter = Parameter::new(name, ParameterKind::Text { max_chars: 4_000 }, example, text);
    Key { parameter, group, families, meaning: Meaning::Kept("") }
}

const fn graph(name: &'static str, text: &'static str) -> Key {
    kept_flag(OF_SCANS, Group::Display, name, text)
}

/// A word of the same sort.
const fn kept_choice(name: &'static str, words: &'static [&'static str], text: &'static str) -> Key {
    let default = words[0];
    let parameter = Parameter::new(name, ParameterKind::Choice(words), default, text);
    Key { parameter, group: Group::Target, families: SCAN, meaning: Meaning::Kept(default) }
}

const fn text_key(
    families: &'static [TemplateFamily],
    group: Group,
    parameter: Parameter,
    get: fn(&ChooseTemplate) -> String,
    set: fn(&mut ChooseTemplate, &Arguments, &Parameter),
) -> Key {
    Key { parameter, group, families, meaning: Meaning::Text { get, set } }
}

pub(super) const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::Text { max_chars: TITLE_CHARACTERS_MAX },
    "Web servers",
    "The title of the template. No other has it.",
);
const LIST_CHARACTERS_MAX: usize = 20_000;

pub(super) static KEYS: &[Key] = &[
    text_key(
        EVERY,
        Group::Title,
        TITLE,
        |template| template.title.clone(),
        |template, arguments, parameter| {
            arguments.text(parameter).unwrap_or_default().clone_into(&mut template.title);
        },
    ),
    text_key(
        SCAN,
        Group::Target,
        Parameter::new(
            "scan_selection",
            ParameterKind::Choice(&["HostBased", "ScanBased"]),
            "HostBased",
            "HostBased for reports from the history of the hosts (TYPE Auto in lists), ScanBased for reports from \
             scans that are selected at launch (TYPE Manual).",
        ),
        |template| match template.selection {
            TemplateSelection::Automatic => "HostBased".to_owned(),
            TemplateSelection::Manual => "ScanBased".to_owned(),
        },
        |template, arguments, parameter| {
            template.selection = match arguments.choice(parameter) {
                Some("ScanBased") => TemplateSelection::Manual,
                _ => TemplateSelection::Automatic,
            };
        },
    ),
    kept_flag(
        SCAN,
        Group::Target,
        "include_trending",
        "Whether graphs show the time before. Kept for reports for people.",
    ),
    Key {
        parameter: Parameter::new(
            "limit_timeframe",
            ParameterKind::ZeroOne,
            "1",
            "1 for only what was found lately: within selection_range, or within 30 days.",
        ),
        group: Group::Target,
        families: SCAN,
        meaning: Meaning::Flag {
            get: |template| template.content.filter.timeframe_days.is_some(),
            set: |template, on| {
                let days = &mut template.content.filter.timeframe_days;
                *days = on.then(|| days.unwrap_or(30));
            },
        },
    },
    text_key(
        SCAN,
        Group::Target,
        Parameter::new(
            "selection_type",
            ParameterKind::Choice(UNITS),
            "day",
            "What selection_range counts; a month has 30 days. Days when it is not given.",
        ),
        |template| unit(template).0.to_owned(),
        // Counts with the range, below.
        |template, arguments, parameter| {
            keep(template, parameter.name, arguments.choice(parameter).unwrap_or("day"));
        },
    ),
    text_key(
        SCAN,
        Group::Target,
        Parameter::new(
            "selection_range",
            ParameterKind::Integer { min: 1, max: 1_000 },
            "30",
            "How many days, weeks or months back.",
        ),
        |template| {
            let days = template.content.filter.timeframe_days;
            days.map(|days| (days / unit(template).1).to_string()).unwrap_or_default()
        },
        |template, arguments, parameter| {
            let named = Parameter::new("selection_type", ParameterKind::Choice(UNITS), "day", "");
            let word = arguments.choice(&named).unwrap_or("day");
            keep(template, named.name, word);
            let number = arguments.integer(parameter).and_then(|number| u32::try_from(number).ok());
            template.content.filter.timeframe_days = number.map(|number| number * days_of(word));
        },
    ),
    text_key(
        OF_TARGETS,
        Group::Target,
        Parameter::new(
            "asset_groups",
            ParameterKind::Titles { max_items: 1_000, max_chars: 255 },
            "All",
            "Titles of the asset groups that reports are about. Without these and ips: all hosts of whoever asks.",
        ),
        |template| template.content.target.asset_groups.join(","),
        |template, arguments, parameter| {
            template.content.target.asset_groups = arguments.titles(parameter).unwrap_or_default().to_vec();
        },
    ),
    text_key(
        OF_TARGETS,
        Group::Target,
        Parameter::new(
            "network",
            ParameterKind::Integer { min: 0, max: 0 },
            "0",
            "The network of the hosts. There is one, the Global Default Network, with the number 0.",
        ),
        |_| "0".to_owned(),
        |_, _, _| {},
    ),
    text_key(
        OF_TARGETS,
        Group::Target,
        Parameter::new(
            "ips",
            ParameterKind::Netblock,
            "192.0.2.0-192.0.2.31",
            "Addresses that reports are about, beside those of asset_groups; empty for none.",
        ),
        |template| template.content.target.ips.to_string(),
        |template, arguments, parameter| {
            template.content.target.ips = arguments.ip_set(parameter).cloned().unwrap_or_else(IpSet::new);
        },
    ),
    kept_choice(
        "hosts_with_cloud_agents",
        &["all", "scan", "agent"],
        "Which findings of hosts with agents count. There are no agents here; the word is kept.",
    ),
    kept_choice("tag_set_by", &["id", "name"], "How tags are named. There are none here; the word is kept."),
    kept_choice("tag_include_selector", &["any", "all"], "The same of tags of hosts that count."),
    kept_choice("tag_exclude_selector", &["any", "all"], "The same of tags of hosts that do not."),
    graph("graph_business_risk", "A graph of the business risk. Graphs are kept for reports for people."),
    graph("graph_vuln_over_time", "A graph of vulnerabilities by time."),
    part!(
        OF_SCANS,
        "display_text_summary",
        "The totals in the head: vulnerabilities, average security risk, business risk.",
        summary
    ),
    graph("graph_status", "A graph of confirmed vulnerabilities by status."),
    graph("graph_potential_status", "A graph of potential vulnerabilities by status."),
    graph("graph_severity", "A graph of confirmed vulnerabilities by severity."),
    graph("graph_potential_severity", "A graph of potential vulnerabilities by severity."),
    graph("graph_ig_severity", "A graph of information by severity."),
    graph("graph_top_categories", "A graph of the most frequent categories."),
    graph("graph_top_vulns", "A graph of the most frequent vulnerabilities."),
    graph("graph_os", "A graph of operating systems."),
    graph("graph_services", "A graph of services."),
    graph("graph_top_ports", "A graph of the most frequent ports."),
    kept_flag(EVERY, Group::Display, "display_custom_footer", "A footer on every page; kept likewise."),
    kept_text(EVERY, Group::Display, "display_custom_footer_text", "For the board", "What the footer says."),
    text_key(
        OF_SCANS,
        Group::Display,
        Parameter::new(
            "sort_by",
            ParameterKind::Choice(&["host", "vulnerability", "os", "asset_group", "service", "port"]),
            "host",
            "The order. Hosts are told by address; of each, findings by QID, or, with vulnerability, the worst \
             first, with service and port, by port.",
        ),
        |template| {
            let by_order = match template.content.display.order {
                FindingOrder::Qid => "host",
                FindingOrder::Severity => "vulnerability",
                FindingOrder::Port => "port",
            };
            kept(template, "sort_by", by_order)
        },
        |template, arguments, parameter| {
            let word = arguments.choice(parameter).unwrap_or("host");
            template.content.display.order = match word {
                "vulnerability" => FindingOrder::Severity,
                "service" | "port" => FindingOrder::Port,
                _ => FindingOrder::Qid,
            };
            keep(template, parameter.name, word);
        },
    ),
    text_key(
        OF_SCANS,
        Group::Display,
        Parameter::new(
            "cvss",
            ParameterKind::Choice(&["all", "cvssv2", "cvssv3"]),
            "all",
            "Which CVSS scores are shown. Only those of version 2 are known, so that cvssv3 shows none.",
        ),
        |template| {
            let shown = if template.content.display.cvss { "all" } else { "cvssv3" };
            kept(template, "cvss", shown)
        },
        |template, arguments, parameter| {
            let word = arguments.choice(parameter).unwrap_or("all");
            template.content.display.cvss = word != "cvssv3";
            keep(template, parameter.name, word);
        },
    ),
    part!(OF_SCANS, "host_details", "Hosts with their findings; 0 makes a report of totals.", hosts),
    part!(OF_SCANS, "host_ag_details", "The asset groups that each host is in.", host_asset_groups),
    part!(OF_SCANS, "qualys_system_ids", "The server's own number of each host.", host_ids),
    part!(OF_SCANS, "include_text_summary", "The risk of each host, before the hosts.", host_risks),
    part!(OF_SCANS, "include_vuln_details", "What the findings mean: the glossary.", glossary),
    part!(OF_SCANS, "include_vuln_details_threat", "In it, the threat.", threat),
    part!(OF_SCANS, "include_vuln_details_impact", "In it, the impact.", impact),
    part!(OF_SCANS, "include_vuln_details_solution", "In it, the solution.", solution),
    graph("include_vuln_details_vpatch", "Virtual patches; kept, as nothing is known of them."),
    graph("include_vuln_details_compliance", "Compliance; kept likewise."),
    graph("include_vuln_details_exploit", "Exploits; kept likewise."),
    graph("include_vuln_details_malware", "Malware; kept likewise."),
    part!(OF_SCANS, "include_vuln_details_results", "The evidence of each finding.", results),
    part!(
        OF_SCANS,
        "include_vuln_details_appendix",
        "The appendices: hosts without results or findings, and the template's filters.",
        appendix
    ),
    graph("include_vuln_details_reopened", "When findings were reopened; kept likewise."),
    graph("exclude_account_id", "Leaves the login out of names of files for people; kept likewise."),
    graph("metadata_ec2_instances", "Facts from clouds, of which there are none here; kept likewise."),
    graph("cloud_provider_metadata", "The same of other clouds."),
    text_key(
        OF_HOSTS,
        Group::Filter,
        Parameter::new(
            "selective_vulns",
            ParameterKind::Choice(&["complete", "custom"]),
            "complete",
            "complete for all QIDs, custom for those on search lists.",
        ),
        |template| {
            let filter = &template.content.filter;
            let all = filter.qids.is_empty() && filter.search_lists.is_empty();
            if all { "complete" } else { "custom" }.to_owned()
        },
        |template, arguments, parameter| {
            let filter = &mut template.content.filter;
            filter.qids.clear();
            if arguments.choice(parameter) == Some("complete") {
                filter.search_lists.clear();
            }
        },
    ),
    text_key(
        OF_HOSTS,
        Group::Filter,
        Parameter::new(
            "search_list_ids",
            ParameterKind::Numbers,
            "1",
            "IDs of the search lists. What is on them when a report is made counts.",
        ),
        |template| ids_text(&template.content.filter.search_lists),
        |template, arguments, parameter| {
            template.content.filter.search_lists = ids(arguments, parameter);
        },
    ),
    Key {
        parameter: Parameter::new(
            "exclude_qid_option",
            ParameterKind::ZeroOne,
            "0",
            "1 leaves out the QIDs on the search lists of exclude_search_list_ids.",
        ),
        group: Group::Filter,
        families: OF_HOSTS,
        meaning: Meaning::Flag {
            get: |template| {
                let filter = &template.content.filter;
                !(filter.excluded_qids.is_empty() && filter.excluded_search_lists.is_empty())
            },
            set: |template, _| {
                // With 1, new lists follow.
                template.content.filter.excluded_qids.clear();
                template.content.filter.excluded_search_lists.clear();
            },
        },
    },
    text_key(
        OF_HOSTS,
        Group::Filter,
        Parameter::new("exclude_search_list_ids", ParameterKind::Numbers, "1", "IDs of those lists."),
        |template| ids_text(&template.content.filter.excluded_search_lists),
        |template, arguments, parameter| {
            template.content.filter.excluded_search_lists = ids(arguments, parameter);
        },
    ),
    text_key(
        OF_HOSTS,
        Group::Filter,
        Parameter::new(
            "included_os",
            ParameterKind::Text { max_chars: LIST_CHARACTERS_MAX },
            "Linux,Windows",
            "Only hosts whose operating system has one of these texts, separated by commas; ALL for all.",
        ),
        |template| listed(&template.content.filter.operating_systems),
        |template, arguments, parameter| {
            template.content.filter.operating_systems = words(arguments, parameter);
        },
    ),
    status!("status_new", "Vulnerabilities that were found once.", New),
    status!("status_active", "Vulnerabilities that were found again.", Active),
    status!("status_reopen", "Vulnerabilities that came back.", ReOpened),
    status!("status_fixed", "Vulnerabilities that are fixed.", Fixed),
    kind!("vuln_active", "Confirmed vulnerabilities.", vulnerabilities),
    also!(
        "vuln_disabled",
        "Confirmed vulnerabilities whose QID the subscription has disabled. They are left out otherwise.",
        disabled.vulnerabilities
    ),
    also!(
        "vuln_ignored",
        "Confirmed vulnerabilities that are ignored. Reports from the history of the hosts leave them out \
         otherwise; reports from scans show what the scans found, ignored or not.",
        ignored.vulnerabilities
    ),
    kind!("potential_active", "Potential vulnerabilities.", potential),
    also!("potential_disabled", "Potential vulnerabilities that are disabled, likewise.", disabled.potential),
    also!("potential_ignored", "Potential vulnerabilities that are ignored, likewise.", ignored.potential),
    kind!("ig_active", "Information gathered.", information),
    also!("ig_disabled", "Information that is disabled, likewise.", disabled.information),
    kept_flag(
        OF_SCANS,
        Group::Filter,
        "ig_ignored",
        "Changes nothing, as information cannot be ignored; it is told as it was given.",
    ),
    kept_flag(
        OF_SCANS,
        Group::Filter,
        "display_non_running_kernels",
        "Tells kernels that do not run apart. Kept, as scans do not tell which kernels run.",
    ),
    kept_flag(OF_SCANS, Group::Filter, "exclude_non_running_kernel", "Leaves those out; kept likewise."),
    kept_flag(OF_SCANS, Group::Filter, "exclude_non_running_services", "The same of services."),
    kept_flag(
        OF_HOSTS,
        Group::Filter,
        "exclude_superceded_patches",
        "Leaves out patches that newer ones contain. Kept, as it is not known which do.",
    ),
    kept_flag(
        OF_SCANS,
        Group::Filter,
        "exclude_qids_not_exploitable_due_to_configuration",
        "Leaves out what a configuration shields; kept likewise.",
    ),
    text_key(
        OF_HOSTS,
        Group::Filter,
        Parameter::new(
            "categories_list",
            ParameterKind::Text { max_chars: LIST_CHARACTERS_MAX },
            "Web server,Database",
            "Only findings of these categories of the KnowledgeBase, separated by commas; ALL for all.",
        ),
        |template| listed(&template.content.filter.categories),
        |template, arguments, parameter| template.content.filter.categories = words(arguments, parameter),
    ),
    text_key(
        MAP,
        Group::Filter,
        Parameter::new(
            "included_hosts",
            ParameterKind::Choice(&["all", "unknown"]),
            "all",
            "all for every host of a map, unknown for those that are not in the subscription.",
        ),
        |template| if template.unknown_only { "unknown" } else { "all" }.to_owned(),
        |template, arguments, parameter| {
            template.unknown_only = arguments.choice(parameter) == Some("unknown");
        },
    ),
    kept_text(
        SCAN,
        Group::ServicesPorts,
        "required_services",
        "ssh",
        "Services that hosts are to have. Texts of this group are kept for reports for people.",
    ),
    kept_text(
        SCAN,
        Group::ServicesPorts,
        "unauthorized_services",
        "telnet",
        "Services that they may not have.",
    ),
    kept_text(SCAN, Group::ServicesPorts, "services_info", "ssh", "Services that are explained."),
    kept_text(SCAN, Group::ServicesPorts, "required_ports", "22", "Ports that are to be open."),
    kept_text(SCAN, Group::ServicesPorts, "unauthorized_ports", "23", "Ports that may not be open."),
    kept_text(
        EVERY,
        Group::UserAccess,
        "report_access_users",
        "acme_ab1",
        "Logins of users whom reports are meant for. Kept; a report is seen by whoever asked for it and their \
         superiors.",
    ),
    Key {
        parameter: Parameter::new(
            "global",
            ParameterKind::ZeroOne,
            "1",
            "1 lets everybody use the template. Only a Manager sets it.",
        ),
        group: Group::UserAccess,
        families: EVERY,
        meaning: Meaning::Flag {
            get: |template| template.is_global,
            set: |template, on| template.is_global = on,
        },
    },
];
