//! `map-2.php`: maps several domains, one after another, and answers with all the maps.

use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::Answer;
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v1::map::{self, MAP_TITLE, SAVE_REPORT};
use crate::v1::map_stream::Shape;
use crate::v1::network::NETWORK_ID;
use crate::v1::scan::{ISCANNER_NAME, OPTION};

pub const DOMAIN: Parameter = Parameter::new(
    "domain",
    ParameterKind::MapTargets { max_items: 100 },
    "example.com,example.org:192.0.2.1-192.0.2.9",
    "The domains, without www, separated by commas or semicolons. A netblock may follow each after a \
     colon; its addresses must be in the domain's netblock or in the subscription. Without it the domain's \
     netblock is taken. none:<netblock> maps addresses without a domain.",
);
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 100, max_chars: 255 },
    "All",
    "Asset groups whose domains are mapped, in addition to domain. All stands for every domain that the \
     caller may see.",
);
pub const DEFAULT_SCANNER: Parameter = Parameter::new(
    "default_scanner",
    ParameterKind::ZeroOne,
    "1",
    "1 maps the domains of each asset group with its default scanner appliance; with the server's own \
     scanner where it has none.",
)
.default("0");

pub const CALL: Call = Call {
    script: "map-2.php",
    summary: "Map domains and return the maps",
    description: &[
        "The same as map.php for several domains: they are mapped one after another, and the answer holds a \
         MAP for each, in the order they were given in. Each has a reference of its own, and with \
         save_report=yes a saved report of its own. Canceling one cancels those that have not begun.",
    ],
    parameters: &[
        DOMAIN,
        ASSET_GROUPS,
        MAP_TITLE,
        OPTION,
        ISCANNER_NAME,
        DEFAULT_SCANNER,
        NETWORK_ID,
        SAVE_REPORT,
    ],
    rules: &[
        Rule::AtLeastOneOf(&[DOMAIN.name, ASSET_GROUPS.name]),
        Rule::Exclusive(&[ISCANNER_NAME.name, DEFAULT_SCANNER.name]),
        Rule::OnlyWith { parameter: DEFAULT_SCANNER.name, with: ASSET_GROUPS.name, value: None },
    ],
    roles: "Manager: any domain. Unit Manager: domains of the business unit. Scanner: domains of assigned asset \
            groups.",
    root: "MAPREQUEST",
    dtd: &dtd::MAP_2,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("domain", "example.com,example.org"), ("save_report", "yes")],
        description: "Map two domains and keep the reports.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let targets = request.arguments.map_targets(&DOMAIN).unwrap_or_default().to_vec();
    let asset_groups = request.arguments.titles(&ASSET_GROUPS).unwrap_or_default().to_vec();
    map::launch(request, targets, asset_groups, Shape::Several).await
}
