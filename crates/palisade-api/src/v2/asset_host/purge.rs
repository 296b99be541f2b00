//! `asset/host/?action=purge`: forgets everything that is known of hosts.

use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind, Rule};

use crate::answer::Answer;
use crate::error::CallError;
use crate::v2::asset_host::selection::{
    AG_IDS, AG_TITLES, COMPLIANCE_ENABLED, IDS, IPS, NO_COMPLIANCE_SCAN_SINCE, NO_VM_SCAN_SINCE, OS_PATTERN,
    blame, selection,
};
use crate::v2::network::SHOWN_NETWORKS;
use crate::v2::request::{Batch, OperationRequest, id_ranges};

const DATA_SCOPE: Parameter = Parameter::new(
    "data_scope",
    ParameterKind::Choices(&["vm", "pc"]),
    "vm",
    "What is purged: vm is vulnerability management, pc is policy compliance, of which there is nothing yet.",
)
.default("vm,pc");

pub(super) const PURGE: Operation = Operation {
    resource: "asset/host",
    action: "purge",
    methods: Methods::Post,
    takes_document: false,
    summary: "Purge hosts",
    description: &[
        "Forgets the chosen hosts: names, operating system, open ports, detections with their history, gathered \
         information and tickets. The numbers of the tickets are listed as deleted. The addresses stay in the \
         subscription with what people noted about them, and reports of scans that were saved stay as they \
         are. A host that is scanned again begins anew, with another id.",
        "The hosts are out of sight when the answer comes; what is left of them is deleted afterwards.",
    ],
    parameters: &[
        IDS,
        IPS,
        AG_IDS,
        AG_TITLES,
        NO_VM_SCAN_SINCE,
        NO_COMPLIANCE_SCAN_SINCE,
        COMPLIANCE_ENABLED,
        OS_PATTERN,
        SHOWN_NETWORKS,
        DATA_SCOPE,
    ],
    rules: &[
        Rule::Exclusive(&["ag_ids", "ag_titles"]),
        Rule::AtLeastOneOf(&[
            "ids",
            "ips",
            "ag_ids",
            "ag_titles",
            "no_vm_scan_since",
            "no_compliance_scan_since",
            "compliance_enabled",
            "os_pattern",
            "network_ids",
            "data_scope",
        ]),
    ],
    roles: "Manager. With the permission purge_hosts also Unit Manager: hosts of the business unit; Scanner: hosts \
            of assigned asset groups.",
    answers: Answers::Batch,
    example: Example { parameters: &[("ips", "192.0.2.4")], description: "Forget a host." },
};

pub(super) async fn purge(request: OperationRequest) -> Result<Answer, CallError> {
    let mut hosts = selection(&request).await?;
    // Without a scope both kinds are meant.
    let scope = request.arguments.choices(&DATA_SCOPE);
    hosts.nothing |= scope.is_some_and(|scope| !scope.contains(&"vm"));
    let queued = request.app.purge_hosts(request.actor()?, hosts).await.map_err(blame)?;
    let ids = id_ranges(queued);
    let text = if ids.is_empty() { "No Hosts Queued for Purging" } else { "Hosts Queued for Purging" };
    Ok(request.batch_return(&[Batch { text: text.to_owned(), ids }]))
}
