//! Fetching the results of a scan, as a table or as JSON; sent piece by piece.

use std::net::Ipv4Addr;

use palisade_app::{About, Actor, App, Error as AppError, HostReport, ScanView};
use palisade_model::{IpSet, UserProfile};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Example, Parameter, ParameterKind};
use tokio::sync::mpsc;

use super::table::{Layout, Out, Results};
use super::{SCAN_REF, about_scan};
use crate::answer::{Answer, ContentKind};
use crate::error::CallError;
use crate::v2::request::OperationRequest;

/// Hosts fetched at a time, so that memory does not grow with the results.
const PAGE_HOSTS: u32 = 50;
/// Pieces that wait for a slow client.
const PIECES_WAITING: usize = 4;

const THE_SCAN: Parameter = SCAN_REF.required();
const IPS: Parameter =
    Parameter::new("ips", ParameterKind::IpSet, "192.0.2.0-192.0.2.7", "Only results on these addresses.");
const MODE: Parameter = Parameter::new(
    "mode",
    ParameterKind::Choice(&["brief", "extended"]),
    "extended",
    "extended tells port, protocol and use of TLS of each result, too. It does not matter for the formats \
     whose names end in _extended.",
)
.default("brief");
const OUTPUT_FORMAT: Parameter = Parameter::new(
    "output_format",
    ParameterKind::Choice(&["csv", "json", "csv_extended", "json_extended"]),
    "json",
    "The form of the answer. csv_extended and json_extended have everything there is to say about the scan \
     and each result.",
)
.default("csv");

pub(super) const FETCH: Operation = Operation {
    resource: "scan",
    action: "fetch",
    methods: Methods::Any,
    takes_document: false,
    summary: "Fetch the results of a scan",
    description: &[
        "Answers with the results of a scan that has ended: one line, or one JSON object, for each result on \
         a host that answered, by address. XML is what scan_report.php of version 1 gives.",
        "In the formats csv_extended and json_extended two blocks come before the results, about who asks and \
         about the scan, and one after them: which hosts were scanned, which were not, and why not.",
    ],
    parameters: &[THE_SCAN, IPS, MODE, OUTPUT_FORMAT],
    rules: &[],
    roles: super::LIST_ROLES,
    answers: Answers::Other("CSV or JSON, as output_format says."),
    example: Example {
        parameters: &[("scan_ref", "scan/1400000000.10001"), ("mode", "extended"), ("output_format", "json")],
        description: "Fetch the results of a scan as JSON.",
    },
};

pub(super) async fn fetch(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let unknown = || request.invalid(&SCAN_REF, "No such scan");
    let scan = arguments.scan_ref(&SCAN_REF).ok_or_else(unknown)?;
    let actor = request.actor()?.clone();
    let view = request.app.scan(&actor, scan).await.map_err(|error| about_scan(&request, error))?;
    if !view.status.is_ended() {
        return Err(AppError::ScanRunning.into());
    }
    let format = arguments.choice(&OUTPUT_FORMAT).unwrap_or("csv");
    let layout = match (format, arguments.choice(&MODE)) {
        ("csv_extended" | "json_extended", _) => Layout::Report,
        (_, Some("extended")) => Layout::Extended,
        _ => Layout::Brief,
    };
    let (out, kind) = if format.starts_with("json") {
        (Out::json(), ContentKind::Json)
    } else {
        (Out::csv(), ContentKind::Csv)
    };
    let fetch = Fetch {
        about: request.app.about(&actor)?,
        profile: request.app.own_details(&actor).await?,
        ips: arguments.ip_set(&IPS).cloned(),
        app: request.app.clone(),
        actor,
        view,
        layout,
    };
    let (pieces, receiver) = mpsc::channel(PIECES_WAITING);
    tokio::spawn(async move {
        if let Err(error) = fetch.send(out, &pieces).await {
            // The answer is left without its end: whoever reads it notices.
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, scan = %fetch.view.scan, "the results could not be sent");
        }
    });
    Ok(Answer::stream_of(kind, receiver))
}

/// What is sent, and for whom.
struct Fetch {
    app: App,
    actor: Actor,
    profile: UserProfile,
    about: About,
    view: ScanView,
    layout: Layout,
    ips: Option<IpSet>,
}

impl Fetch {
    async fn send(&self, out: Out, pieces: &mpsc::Sender<Vec<u8>>) -> Result<(), AppError> {
        let mut results = Results::new(out, self.layout);
        if self.layout == Layout::Report {
            results.account(&self.actor, self.app.company(), &self.profile, self.app.clock().now());
            results.job(&self.view, &self.about);
        }
        results.head();
        let mut after: Option<Ipv4Addr> = None;
        loop {
            let page = self.app.report_hosts(&self.actor, &self.view.scan, after, PAGE_HOSTS).await?;
            let Some(last) = page.last().and_then(HostReport::ipv4) else { break };
            after = Some(last);
            for host in page.iter().filter(|host| self.wants(host)) {
                results.host(&self.app.kb(), host);
            }
            if pieces.send(results.take()).await.is_err() {
                return Ok(());
            }
        }
        if self.layout == Layout::Report {
            results.trailer(&self.view, self.ips.as_ref());
        }
        results.end();
        // Whoever has hung up needs nothing more.
        let _ = pieces.send(results.take()).await;
        Ok(())
    }

    fn wants(&self, host: &HostReport) -> bool {
        self.ips.as_ref().is_none_or(|ips| host.ipv4().is_some_and(|address| ips.contains(address)))
    }
}
