//! `asset_ip.php`: adds addresses to the subscription, or edits what is noted about them.

use palisade_app::{Actor, AddHosts, App, EditHosts, ListHosts, TrackingMethod};
use palisade_model::{IpRange, IpSet};
use palisade_wire::date_time::date_time;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterKind, Rule, dtd};

use crate::answer::{Answer, GenericReturn};
use crate::error::{CallError, Refusal};
use crate::registry::CallRequest;

const NAME: ParameterKind = ParameterKind::Text { max_chars: 255 };

pub const ACTION: Parameter =
    Parameter::new("action", ParameterKind::Choice(&["add", "edit"]), "add", "What to do.").required();
pub const HOST_IPS: Parameter = Parameter::new(
    "host_ips",
    ParameterKind::IpSet,
    "192.0.2.1-192.0.2.9",
    "The addresses. To edit them, all must be in the subscription already.",
);
pub const HOST_DNS: Parameter =
    Parameter::new("host_dns", NAME, "www.example.com", "Edit the scanned host with this DNS name.");
pub const HOST_NETBIOS: Parameter =
    Parameter::new("host_netbios", NAME, "FILES", "Edit the scanned host with this NetBIOS name.");
pub const TRACKING_METHOD: Parameter = Parameter::new(
    "tracking_method",
    ParameterKind::Choice(&["ip", "dns", "netbios"]),
    "ip",
    "What a host is recognised by in later scans.",
)
.default("ip for new addresses; unchanged when editing");
pub const OWNER: Parameter =
    Parameter::new("owner", ParameterKind::Text { max_chars: 64 }, "acme_ab1", "Login of the hosts' owner.");
pub const UD1: Parameter =
    Parameter::new("ud1", NAME, "Room 101", "First user-defined field, by default the location.");
pub const UD2: Parameter =
    Parameter::new("ud2", NAME, "Mail", "Second user-defined field, by default the function.");
pub const UD3: Parameter =
    Parameter::new("ud3", NAME, "A-1234", "Third user-defined field, by default the asset tag.");
pub const COMMENT: Parameter = Parameter::new(
    "comment",
    ParameterKind::Text { max_chars: 1024 },
    "Mail relay",
    "A note about the hosts.",
);

pub const CALL: Call = Call {
    script: "asset_ip.php",
    summary: "Add or edit hosts",
    description: &[
        "Only addresses in the subscription can be scanned. With action=add the addresses join it; those \
         that are in it already stay as they are. With action=edit the attributes given replace the old \
         ones for all the addresses; an empty text removes the attribute.",
    ],
    parameters: &[ACTION, HOST_IPS, HOST_DNS, HOST_NETBIOS, TRACKING_METHOD, OWNER, UD1, UD2, UD3, COMMENT],
    rules: &[
        Rule::OneOf(&[HOST_IPS.name, HOST_DNS.name, HOST_NETBIOS.name]),
        Rule::OnlyWith { parameter: HOST_DNS.name, with: ACTION.name, value: Some("edit") },
        Rule::OnlyWith { parameter: HOST_NETBIOS.name, with: ACTION.name, value: Some("edit") },
    ],
    roles: "Manager. Unit Manager: edit hosts of the business unit; with the permission add_assets also add hosts, \
            which come into the first asset group of the unit.",
    root: "GENERIC_RETURN",
    dtd: &dtd::GENERIC_RETURN,
    errors: ErrorForm::GenericReturn,
    example: Example {
        parameters: &[("action", "add"), ("host_ips", "192.0.2.1-192.0.2.9"), ("comment", "Mail relays")],
        description: "Add nine addresses to the subscription.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let optional = |parameter| arguments.text(parameter).map(str::to_owned);
    let tracking = arguments.choice(&TRACKING_METHOD).map(tracking_method);
    let owner = optional(&OWNER);
    let comment = optional(&COMMENT);
    let ud = [optional(&UD1), optional(&UD2), optional(&UD3)];
    let ips = selected_ips(&request.app, &request.actor, arguments).await?;
    let (done, ips) = if arguments.choice(&ACTION) == Some("edit") {
        let hosts = EditHosts { ips, tracking, owner, comment, ud };
        ("edited", request.app.edit_hosts(&request.actor, hosts).await?)
    } else {
        let hosts = AddHosts { ips, tracking, owner, comment, ud, asset_group: None };
        ("added", request.app.add_hosts(&request.actor, hosts).await?)
    };
    let answer = GenericReturn {
        base_url: &request.base_url,
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        outcome: Ok(&format!(
            "Hosts {done}: {}",
            if ips.is_empty() { "none".to_owned() } else { ips.to_string() }
        )),
    };
    Ok(Answer::Document(answer.document(None)))
}

pub(super) fn tracking_method(word: &str) -> TrackingMethod {
    match word {
        "dns" => TrackingMethod::Dns,
        "netbios" => TrackingMethod::Netbios,
        _ => TrackingMethod::Ip,
    }
}

/// The addresses given, or those of the scanned hosts with the name given.
async fn selected_ips(app: &App, actor: &Actor, arguments: &Arguments) -> Result<IpSet, CallError> {
    if let Some(ips) = arguments.ip_set(&HOST_IPS) {
        return Ok(ips.clone());
    }
    let listing = app.list_hosts(actor, ListHosts { results: true, no_results: false }).await?;
    let hosts = listing.results.unwrap_or_default();
    let dns = arguments.text(&HOST_DNS);
    let netbios = arguments.text(&HOST_NETBIOS);
    let named = |wanted: Option<&str>, name: Option<&str>| match (wanted, name) {
        (Some(wanted), Some(name)) => name.eq_ignore_ascii_case(wanted.trim()),
        _ => false,
    };
    let ips: IpSet = hosts
        .iter()
        .filter(|host| named(dns, host.dns.as_deref()) || named(netbios, host.netbios.as_deref()))
        .filter_map(|host| IpRange::new(host.ip, host.ip))
        .collect();
    if ips.is_empty() {
        let (parameter, name) = match (dns, netbios) {
            (Some(name), _) => (HOST_DNS.name, name),
            (None, name) => (HOST_NETBIOS.name, name.unwrap_or_default()),
        };
        let text = format!("Invalid value for '{parameter}' : {name}. No such host in the user account.");
        return Err(CallError::Refused(Refusal::new(5101, text)));
    }
    Ok(ips)
}
