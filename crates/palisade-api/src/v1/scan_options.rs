//! `scan_options.php`: shows and changes what scans do unless they name an option profile: three
//! settings of the default option profile.

use palisade_app::{EditScanOptions, ScanPortsView};
use palisade_model::PortSet;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterKind, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

/// Words that stand for lists of ports.
const DEFAULT: &str = "default";
const FULL: &str = "full";

pub const LOADBALANCER: Parameter = Parameter::new(
    "loadbalancer",
    ParameterKind::YesNo,
    "yes",
    "yes finds out whether several hosts answer at one address.",
);
pub const PORTS: Parameter = Parameter::new(
    "ports",
    ParameterKind::Ports { words: &[DEFAULT, FULL], max_chars: 4_000 },
    "21,22,8000-8888",
    "The TCP ports: default for the standard list, full for all, or a list of ports and ranges.",
);
pub const SCANDEADHOSTS: Parameter = Parameter::new(
    "scandeadhosts",
    ParameterKind::YesNo,
    "yes",
    "yes scans addresses that do not answer as if they did.",
);

pub const CALL: Call = Call {
    script: "scan_options.php",
    summary: "Show and change what scans do by default",
    description: &[
        "Without parameters the call shows the settings; each parameter changes one, and the answer shows \
         all of them as they are then.",
        "The settings are those of the default option profile, so they hold for scans that name no other. \
         Scans that were launched before stay as they are.",
    ],
    parameters: &[LOADBALANCER, PORTS, SCANDEADHOSTS],
    rules: &[],
    roles: "Every user but Contacts sees the settings; only Managers change them.",
    root: "SCANNEROPTIONS",
    dtd: &dtd::SCAN_OPTIONS,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("scandeadhosts", "no"), ("ports", "default")],
        description: "Scan only hosts that answer, at the standard ports.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let edit = EditScanOptions {
        load_balancer: switch(arguments, &LOADBALANCER),
        scan_dead_hosts: switch(arguments, &SCANDEADHOSTS),
        ports: match (arguments.choice(&PORTS), arguments.ports(&PORTS)) {
            (Some(FULL), _) => Some(ScanPortsView::Full),
            (Some(_), _) => Some(ScanPortsView::Standard),
            (None, list) => list.cloned().map(ScanPortsView::Custom),
        },
    };
    let options = if edit == EditScanOptions::default() {
        request.app.scan_options(&request.actor).await?
    } else {
        request.app.edit_scan_options(&request.actor, edit).await?
    };
    let (range, list) = match options.ports {
        ScanPortsView::Standard => (DEFAULT, PortSet::default()),
        ScanPortsView::Full => (FULL, PortSet::default()),
        ScanPortsView::Custom(ports) => ("custom", ports),
    };
    let word = |on| if on { "yes" } else { "no" };
    let mut xml = request.document();
    xml.element("SCANNEROPTIONS", &[], |xml| {
        xml.empty("SCANDEADHOSTS", &[("value", word(options.scan_dead_hosts))]);
        xml.text_with("PORTS", &[("range", range)], &list.to_string());
        xml.empty("LOADBALANCER", &[("value", word(options.load_balancer))]);
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

/// A switch that leaves a thing as it is when it is not given.
fn switch(arguments: &Arguments, parameter: &Parameter) -> Option<bool> {
    arguments.has(parameter.name).then(|| arguments.switch(parameter))
}
