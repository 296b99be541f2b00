//! `scan.php`: launches a scan and answers with its results when it has ended.

use palisade_app::{App, AskedScanners, LaunchScan, LaunchType};
use palisade_model::Qid;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::scan_stream;

/// The title of a scan whose report is not saved and that was given none.
pub(super) const UNSAVED_TITLE: &str = "N/A (no report saved)";

pub const IP: Parameter = Parameter::new(
    "ip",
    ParameterKind::IpSet,
    "192.0.2.7",
    "The targets. All of them must be in the subscription and within the caller's reach.",
);
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups whose addresses are scanned, in addition to ip. All stands for every address that the \
     caller may see.",
);
pub const EXCLUDE_IP_PER_SCAN: Parameter = Parameter::new(
    "exclude_ip_per_scan",
    ParameterKind::IpSet,
    "192.0.2.9",
    "Addresses left out of this scan.",
);
pub const SCAN_TITLE: Parameter = Parameter::new(
    "scan_title",
    ParameterKind::Text { max_chars: 2_000 },
    "Weekly scan",
    "The title of the scan and of its report.",
);
pub const OPTION: Parameter = Parameter::new(
    "option",
    ParameterKind::Text { max_chars: 64 },
    "Initial Options",
    "The title of the option profile, which says how to scan.",
)
.default("the default option profile");
pub const ISCANNER_NAME: Parameter = Parameter::new(
    "iscanner_name",
    ParameterKind::Text { max_chars: 255 },
    "External",
    "The scanner appliance to scan with. External is the scanner of the server itself; appliances are offline \
     as long as they cannot connect, and a launch through one is refused.",
)
.default("External");
pub const DEFAULT_SCANNER: Parameter = Parameter::new(
    "default_scanner",
    ParameterKind::ZeroOne,
    "1",
    "1 scans each asset group with its default scanner appliance; the server's own scanner where it has none.",
)
.default("0");
pub const SCANNERS_IN_AG: Parameter = Parameter::new(
    "scanners_in_ag",
    ParameterKind::ZeroOne,
    "1",
    "1 spreads the scan over all scanner appliances of each asset group; the server's own scanner where it \
     has none.",
)
.default("0");
pub const SPECIFIC_VULNS: Parameter = Parameter::new(
    "specific_vulns",
    ParameterKind::QidList { max_items: 250 },
    "38170,45038",
    "A selective scan: only these QIDs are looked for. QIDs that the KnowledgeBase does not have are left \
     out, as long as there is one that it has.",
)
.default("everything");
pub const RUNTIME_HTTP_HEADER: Parameter = Parameter::new(
    "runtime_http_header",
    ParameterKind::ScanHeader,
    "nightly-7",
    "Every web request of the scan carries it as the value of the header Qualys-Scan, so that the sites \
     scanned can tell it from others. It takes the place of the one the option profile may have.",
);
pub const IP_NETWORK_ID: Parameter = Parameter::new(
    "ip_network_id",
    ParameterKind::Integer { min: 0, max: 0 },
    "0",
    "The network that the addresses are in. There is one, the Global Default Network, with the number 0.",
)
.default("0");
pub const SAVE_REPORT: Parameter = Parameter::new(
    "save_report",
    ParameterKind::YesNo,
    "yes",
    "yes keeps the results, to be read again with scan_report.php, and the scan carries on when the client \
     hangs up. With no, hanging up cancels the scan.",
)
.default("no");

pub const CALL: Call = Call {
    script: "scan.php",
    summary: "Scan hosts and return the results",
    description: &[
        "The answer starts at once with the reference of the scan, in the value of SCAN. The connection \
         stays open while the scan runs; a comment every half minute keeps it from being cut. The results \
         follow when the scan has ended: one IP element a host, and the HEADER last. Clients have to allow \
         for minutes without anything but comments.",
        "The status of an IP is Finish when the host answered and down when it did not. When no host \
         answered at all, error 3509 stands after them.",
    ],
    parameters: &[
        IP,
        ASSET_GROUPS,
        EXCLUDE_IP_PER_SCAN,
        SCAN_TITLE,
        OPTION,
        ISCANNER_NAME,
        DEFAULT_SCANNER,
        SCANNERS_IN_AG,
        SPECIFIC_VULNS,
        RUNTIME_HTTP_HEADER,
        IP_NETWORK_ID,
        SAVE_REPORT,
    ],
    rules: &[
        Rule::AtLeastOneOf(&[IP.name, ASSET_GROUPS.name]),
        Rule::Exclusive(&[ISCANNER_NAME.name, DEFAULT_SCANNER.name, SCANNERS_IN_AG.name]),
        Rule::OnlyWith { parameter: DEFAULT_SCANNER.name, with: ASSET_GROUPS.name, value: None },
        Rule::OnlyWith { parameter: SCANNERS_IN_AG.name, with: ASSET_GROUPS.name, value: None },
    ],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner: assigned asset groups.",
    root: "SCAN",
    dtd: &dtd::SCAN,
    errors: ErrorForm::InRoot { attributes: &[("value", "None")] },
    example: Example {
        parameters: &[("ip", "192.0.2.7"), ("scan_title", "Weekly scan"), ("save_report", "yes")],
        description: "Scan one host and keep the report.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let save_report = arguments.switch(&SAVE_REPORT);
    let title = arguments.filled_text(&SCAN_TITLE).or((!save_report).then_some(UNSAVED_TITLE));
    let launch = LaunchScan {
        targets: arguments.ip_set(&IP).cloned().unwrap_or_default(),
        asset_groups: arguments.titles(&ASSET_GROUPS).unwrap_or_default().to_vec(),
        // Unchanged, because some clients compare it with what they sent.
        target_text: arguments.written(&IP).unwrap_or_default().to_owned(),
        excluded: arguments.ip_set(&EXCLUDE_IP_PER_SCAN).cloned().unwrap_or_default(),
        scanners: asked_scanners(arguments, arguments.titles(&ASSET_GROUPS).unwrap_or_default()),
        title: title.map(str::to_owned),
        option: arguments.filled_text(&OPTION).map(str::to_owned),
        save_report,
        specific_vulns: arguments.qids(&SPECIFIC_VULNS).map(|qids| known_qids(&request.app, qids)),
        http_header: arguments.scan_header(&RUNTIME_HTTP_HEADER).cloned(),
        launched_by: LaunchType::Api,
        names: Vec::new(),
        priority: 0,
        leave_out_foreign: false,
    };
    let scan = request.app.launch_scan(&request.actor, launch).await?;
    Ok(scan_stream::watch(request, scan).await?)
}

/// The QIDs out of `qids` that the KnowledgeBase has: clients add some of their own to every
/// selective scan. When it has none of them, all are passed on, to be refused.
fn known_qids(app: &App, qids: &[Qid]) -> Vec<Qid> {
    let known: Vec<Qid> = qids.iter().copied().filter(|qid| app.kb().entry(*qid).is_some()).collect();
    if known.is_empty() { qids.to_vec() } else { known }
}

/// The scanners that are asked for.
pub(super) fn asked_scanners(arguments: &Arguments, asset_groups: &[String]) -> AskedScanners {
    if arguments.switch(&DEFAULT_SCANNER) {
        AskedScanners::DefaultOfGroups(asset_groups.to_vec())
    } else if arguments.switch(&SCANNERS_IN_AG) {
        AskedScanners::AllOfGroups(asset_groups.to_vec())
    } else {
        let name = arguments.filled_text(&ISCANNER_NAME);
        AskedScanners::Named(name.map(|name| name.trim().to_owned()).into_iter().collect())
    }
}
