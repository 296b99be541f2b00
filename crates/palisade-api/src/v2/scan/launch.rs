//! Launching a scan.

use palisade_app::{AskedScanners, AssetGroupView, Error as AppError, LaunchScan, LaunchType};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule};

use super::control::answer;
use crate::answer::Answer;
use crate::error::CallError;
use crate::v1::scan::{
    ASSET_GROUPS, DEFAULT_SCANNER, EXCLUDE_IP_PER_SCAN, IP, IP_NETWORK_ID, RUNTIME_HTTP_HEADER, SCAN_TITLE,
    SCANNERS_IN_AG,
};
use crate::v2::request::OperationRequest;

/// The title of a scan that was given none.
const UNTITLED: &str = "N/A";

pub(crate) const TARGET_FROM: Parameter = Parameter::new(
    "target_from",
    ParameterKind::Choice(&["assets"]),
    "assets",
    "Where the targets come from: addresses, asset groups and names.",
)
.default("assets");
pub(crate) const ASSET_GROUP_IDS: Parameter = Parameter::new(
    "asset_group_ids",
    ParameterKind::Numbers,
    "1",
    "Asset groups, by their ids, whose addresses are scanned, in addition to ip.",
);
pub(crate) const FQDN: Parameter = Parameter::new(
    "fqdn",
    ParameterKind::Titles { max_items: 100, max_chars: 253 },
    "www.example.com",
    "Hosts by their DNS names, in addition to ip. The names are those that scans have found; no name server \
     is asked.",
);
pub(crate) const OPTION_ID: Parameter = Parameter::new(
    "option_id",
    ParameterKind::Integer { min: 1, max: 1 << 53 },
    "1",
    "The id of the option profile, which says how to scan.",
);
pub(crate) const OPTION_TITLE: Parameter = Parameter::new(
    "option_title",
    ParameterKind::Text { max_chars: 64 },
    "Initial Options",
    "The title of the option profile.",
);
pub(crate) const ISCANNER_ID: Parameter = Parameter::new(
    "iscanner_id",
    ParameterKind::Titles { max_items: 100, max_chars: 20 },
    "0",
    "The scanner appliances to scan with, by their ids. 0 is the scanner of the server itself; \
     appliances are offline as long as they cannot connect, and a launch through one is refused.",
);
pub(crate) const ISCANNER_NAME: Parameter = Parameter::new(
    "iscanner_name",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "External",
    "The scanner appliances to scan with. External is the scanner of the server itself; appliances are offline \
     as long as they cannot connect, and a launch through one is refused.",
)
.default("External");
pub(crate) const PRIORITY: Parameter = Parameter::new(
    "priority",
    ParameterKind::Integer { min: 0, max: 9 },
    "1",
    "The priority of processing the results: 0 for none, 1 (Emergency) to 9 (Low). It is shown in lists, and \
     changes nothing: results are processed as they come in.",
)
.default("0");

pub(super) const LAUNCH: Operation = Operation {
    resource: "scan",
    action: "launch",
    methods: Methods::Post,
    takes_document: false,
    summary: "Launch a scan",
    description: &[
        "Launches a scan and answers at once, with the items ID and REFERENCE of the scan, in this order. \
         How far it is, the action list says; its results, the action fetch.",
        "Targets that are not in the subscription, or not within the user's reach, are left out without a word, \
         as long as one remains.",
    ],
    parameters: &[
        SCAN_TITLE,
        TARGET_FROM,
        IP,
        ASSET_GROUPS,
        ASSET_GROUP_IDS,
        FQDN,
        EXCLUDE_IP_PER_SCAN,
        OPTION_ID,
        OPTION_TITLE,
        ISCANNER_ID,
        ISCANNER_NAME,
        DEFAULT_SCANNER,
        SCANNERS_IN_AG,
        PRIORITY,
        RUNTIME_HTTP_HEADER,
        IP_NETWORK_ID,
    ],
    rules: &[
        Rule::AtLeastOneOf(&[IP.name, ASSET_GROUPS.name, ASSET_GROUP_IDS.name, FQDN.name]),
        Rule::OneOf(&[OPTION_ID.name, OPTION_TITLE.name]),
        Rule::Exclusive(&[ASSET_GROUPS.name, ASSET_GROUP_IDS.name]),
        Rule::Exclusive(&[ISCANNER_ID.name, ISCANNER_NAME.name, DEFAULT_SCANNER.name, SCANNERS_IN_AG.name]),
    ],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner: assigned asset groups.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[
            ("scan_title", "Weekly scan"),
            ("ip", "192.0.2.4"),
            ("option_title", "Initial Options"),
            ("iscanner_name", "External"),
        ],
        description: "Scan one host.",
    },
};

pub(super) async fn launch(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let asset_groups = asset_groups(&request).await?;
    let launch = LaunchScan {
        targets: arguments.ip_set(&IP).cloned().unwrap_or_default(),
        scanners: asked_scanners(&request, &asset_groups)?,
        asset_groups,
        names: arguments.titles(&FQDN).unwrap_or_default().to_vec(),
        target_text: arguments.written(&IP).unwrap_or_default().to_owned(),
        excluded: arguments.ip_set(&EXCLUDE_IP_PER_SCAN).cloned().unwrap_or_default(),
        title: Some(arguments.filled_text(&SCAN_TITLE).unwrap_or(UNTITLED).to_owned()),
        option: Some(option_title(&request).await?),
        save_report: true,
        specific_vulns: None,
        http_header: arguments.scan_header(&RUNTIME_HTTP_HEADER).cloned(),
        launched_by: LaunchType::Api,
        priority: arguments.integer(&PRIORITY).and_then(|number| number.try_into().ok()).unwrap_or(0),
        leave_out_foreign: true,
    };
    let actor = request.actor()?;
    let launched = request.app.launch_scan(actor, launch).await;
    let scan = launched.map_err(|error| blame(&request, error))?;
    let view = request.app.scan(actor, &scan).await?;
    Ok(answer(&request, "New vm scan launched", view.id, &scan))
}

/// Titles of the asset groups, which may be given by their ids.
pub(crate) async fn asset_groups(request: &OperationRequest) -> Result<Vec<String>, CallError> {
    let Some(ids) = request.arguments.numbers(&ASSET_GROUP_IDS) else {
        return Ok(request.arguments.titles(&ASSET_GROUPS).unwrap_or_default().to_vec());
    };
    let groups = request.app.list_asset_groups(request.actor()?, None).await?;
    let has = |group: &&AssetGroupView| u64::try_from(group.id).is_ok_and(|id| ids.contains(id));
    let titles: Vec<String> = groups.iter().filter(has).map(|group| group.title.clone()).collect();
    if u64::try_from(titles.len()).is_ok_and(|found| found == ids.count()) {
        Ok(titles)
    } else {
        Err(request.invalid(&ASSET_GROUP_IDS, "No such asset group"))
    }
}

/// The title of the option profile, which may be given by its id.
pub(crate) async fn option_title(request: &OperationRequest) -> Result<String, CallError> {
    let Some(id) = request.arguments.integer(&OPTION_ID) else {
        return Ok(request.arguments.text(&OPTION_TITLE).unwrap_or_default().to_owned());
    };
    let profiles = request.app.list_option_profiles(request.actor()?).await?;
    let found = profiles.into_iter().find(|view| u64::try_from(view.id) == Ok(id));
    found.map(|view| view.profile.title).ok_or_else(|| request.invalid(&OPTION_ID, "No such option profile"))
}

/// The scanners that are asked for.
pub(crate) fn asked_scanners(
    request: &OperationRequest,
    asset_groups: &[String],
) -> Result<AskedScanners, CallError> {
    let arguments = &request.arguments;
    if arguments.switch(&DEFAULT_SCANNER) {
        return Ok(AskedScanners::DefaultOfGroups(asset_groups.to_vec()));
    }
    if arguments.switch(&SCANNERS_IN_AG) {
        return Ok(AskedScanners::AllOfGroups(asset_groups.to_vec()));
    }
    let Some(ids) = arguments.titles(&ISCANNER_ID) else {
        let names = arguments.titles(&ISCANNER_NAME).unwrap_or_default();
        return Ok(AskedScanners::Named(names.to_vec()));
    };
    let read =
        |id: &String| id.parse().map_err(|_| request.invalid(&ISCANNER_ID, "No such scanner appliance"));
    ids.iter().map(read).collect::<Result<_, _>>().map(AskedScanners::Ids)
}

/// Refuses scanners that there are none of, and those that are offline. The scanners of asset groups are
/// looked at where these are.
pub(crate) async fn check_scanner(request: &OperationRequest) -> Result<(), CallError> {
    let asked = asked_scanners(request, &[])?;
    let checked = request.app.check_scanners(request.actor()?, &asked).await;
    checked.map_err(|error| blame(request, error))
}

/// Faults of a launch, told of the parameters that are to blame.
pub(crate) fn blame(request: &OperationRequest, error: AppError) -> CallError {
    let scanner = if request.arguments.has(ISCANNER_ID.name) { &ISCANNER_ID } else { &ISCANNER_NAME };
    match error {
        AppError::UnknownOption { .. } => request.invalid(&OPTION_TITLE, "No such option profile"),
        AppError::UnknownAppliance { .. } | AppError::UnknownApplianceName { .. } => {
            request.invalid(scanner, "No such scanner appliance")
        }
        AppError::ApplianceOffline { name } => {
            let arguments = &request.arguments;
            let by_group = [&DEFAULT_SCANNER, &SCANNERS_IN_AG].into_iter();
            let parameter = by_group.into_iter().find(|one| arguments.switch(one)).unwrap_or(scanner);
            request.invalid(parameter, &format!("The scanner appliance {name} is offline"))
        }
        error => error.into(),
    }
}
