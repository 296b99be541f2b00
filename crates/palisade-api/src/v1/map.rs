//! `map.php`: maps one domain and answers with the map when it has ended.

use palisade_app::{LaunchMap, LaunchType};
use palisade_model::MapTarget;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterKind, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::map_stream::{self, Shape};
use crate::v1::scan::{ISCANNER_NAME, OPTION, UNSAVED_TITLE, asked_scanners};

pub const DOMAIN: Parameter = Parameter::new(
    "domain",
    ParameterKind::MapTargets { max_items: 1 },
    "example.com",
    "The domain, without www. A netblock may follow after a colon, as in \
     example.com:192.0.2.1-192.0.2.254; its addresses must be in the domain's netblock or in the \
     subscription. Without it the domain's netblock is taken. none:<netblock> maps addresses without a \
     domain.",
)
.required();
pub const MAP_TITLE: Parameter = Parameter::new(
    "map_title",
    ParameterKind::Text { max_chars: 2_000 },
    "Monthly map",
    "The title of the map and of its report.",
)
.default("one that names the domain");
pub const SAVE_REPORT: Parameter = Parameter::new(
    "save_report",
    ParameterKind::YesNo,
    "yes",
    "yes keeps the result, to be read again with map_report.php, and the map carries on when the client \
     hangs up. With no, hanging up cancels the map.",
)
.default("no");

pub const CALL: Call = Call {
    script: "map.php",
    summary: "Map a domain and return the map",
    description: &[
        "A map is a picture of a network: the hosts that the DNS names, those that live in the netblock, and \
         the routers on the way to them. The answer starts at once with the reference of the map, in the \
         value of MAP. The connection stays open while the map is made; a comment every half minute keeps it \
         from being cut. The HEADER and one IP element a host follow when it has ended.",
        "Only addresses of the netblock and of the subscription are sent anything; other hosts that names \
         lead to are listed. Nothing on a map is scanned for vulnerabilities. An IP whose account is no is \
         not in the subscription.",
    ],
    parameters: &[DOMAIN, MAP_TITLE, OPTION, ISCANNER_NAME, SAVE_REPORT],
    rules: &[],
    roles: "Manager: any domain. Unit Manager: domains of the business unit. Scanner: domains of assigned asset \
            groups.",
    root: "MAP",
    dtd: &dtd::MAP,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("domain", "example.com"), ("map_title", "Monthly map"), ("save_report", "yes")],
        description: "Map a domain and keep the report.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let targets = request.arguments.map_targets(&DOMAIN).unwrap_or_default().to_vec();
    launch(request, targets, Vec::new(), Shape::One).await
}

/// Launches the maps of a request and answers with them.
pub(super) async fn launch(
    request: CallRequest,
    targets: Vec<MapTarget>,
    asset_groups: Vec<String>,
    shape: Shape,
) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let scanners = asked_scanners(arguments, &asset_groups);
    let launch = LaunchMap {
        targets,
        asset_groups,
        scanners,
        title: title(arguments),
        option: arguments.filled_text(&OPTION).map(str::to_owned),
        save_report: arguments.switch(&SAVE_REPORT),
        launched_by: LaunchType::Api,
    };
    let maps = request.app.launch_map(&request.actor, launch).await?;
    Ok(map_stream::watch(request, maps, shape).await?)
}

fn title(arguments: &Arguments) -> Option<String> {
    let unsaved = (!arguments.switch(&SAVE_REPORT)).then_some(UNSAVED_TITLE);
    arguments.filled_text(&MAP_TITLE).or(unsaved).map(str::to_owned)
}
