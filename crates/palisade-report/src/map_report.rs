//! Reports on maps: the hosts of one, or how the hosts of a second differ from those of the first. As
//! XML and as CSV.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use palisade_app::{App, MapPlan, MapView, ReportTask, StoredMapHost};
use palisade_model::{Discovery, IpSet, MapHost};
use palisade_wire::XmlWriter;

use crate::asset_report::{Origin, write_origin, write_ranges};
use crate::csv_head::{self, yes};
use crate::pages::{Lines, Pages, WriteError};

/// Hosts read of each map at a time.
const PAGE_HOSTS: u32 = 200;

/// What became of a host from the first map to the second. A report on one map knows active ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Active,
    Added,
    Removed,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Added => "Added",
            Self::Removed => "Removed",
        }
    }
}

/// A host of the report.
struct Row {
    host: MapHost,
    status: Status,
    /// In the subscription when the map ended.
    approved: bool,
    /// It answered; others have a name only.
    live: bool,
    /// In the netblock that was mapped.
    in_netblock: bool,
}

/// Reads the hosts of the report's maps by address.
struct Rows<'a> {
    app: &'a App,
    task: &'a ReportTask,
    plan: &'a MapPlan,
    cursors: Vec<Cursor<'a>>,
}

struct Cursor<'a> {
    map: &'a MapView,
    after: Option<Ipv4Addr>,
    hosts: VecDeque<StoredMapHost>,
    is_at_end: bool,
}

impl<'a> Rows<'a> {
    fn new(app: &'a App, task: &'a ReportTask, plan: &'a MapPlan) -> Self {
        let cursor = |map| Cursor { map, after: None, hosts: VecDeque::new(), is_at_end: false };
        Self { app, task, plan, cursors: plan.maps.iter().map(cursor).collect() }
    }

    async fn next(&mut self) -> Result<Option<Row>, WriteError> {
        loop {
            for cursor in &mut self.cursors {
                cursor.fill(self.app, self.task).await?;
            }
            let fronts = self.cursors.iter().filter_map(|cursor| cursor.hosts.front());
            let Some(ip) = fronts.map(|host| host.host.address).min() else { return Ok(None) };
            let mut found: Vec<Option<StoredMapHost>> = Vec::new();
            for cursor in &mut self.cursors {
                let is_next = cursor.hosts.front().is_some_and(|host| host.host.address == ip);
                found.push(if is_next { cursor.hosts.pop_front() } else { None });
            }
            let netblock = self.plan.maps.last().map(|map| &map.netblock);
            if let Some(row) = row(found, netblock).filter(|row| self.wants(row)) {
                return Ok(Some(row));
            }
        }
    }

    fn wants(&self, row: &Row) -> bool {
        let MapPlan { ips, unknown_only, .. } = self.plan;
        ips.as_ref().is_none_or(|ips| ips.contains(row.host.address)) && !(*unknown_only && row.approved)
    }
}

impl Cursor<'_> {
    async fn fill(&mut self, app: &App, task: &ReportTask) -> Result<(), WriteError> {
        if !self.hosts.is_empty() || self.is_at_end {
            return Ok(());
        }
        let page = app.map_hosts(&task.owner, &self.map.map, self.after, PAGE_HOSTS).await?;
        self.is_at_end = page.is_empty();
        self.after = page.last().map(|host| host.host.address);
        self.hosts.extend(page);
        Ok(())
    }
}

/// What the maps, the older first, say of one address.
fn row(found: Vec<Option<StoredMapHost>>, netblock: Option<&IpSet>) -> Option<Row> {
    let compared = found.len() > 1;
    let (was, is) = (found.first()?.is_some(), found.last()?.is_some());
    let status = match (was, is) {
        _ if !compared => Status::Active,
        (true, true) => Status::Active,
        (false, _) => Status::Added,
        (true, false) => Status::Removed,
    };
    let StoredMapHost { host, approved } = found.into_iter().flatten().last()?;
    let by_name_only = |discovery: &Discovery| {
        matches!(discovery, Discovery::Dns | Discovery::ReverseDns | Discovery::ZoneTransfer)
    };
    let live = !host.discoveries.iter().all(by_name_only);
    let in_netblock = netblock.is_some_and(|netblock| netblock.contains(host.address));
    Some(Row { host, status, approved, live, in_netblock })
}

/// Writes everything within the root.
pub(crate) async fn write_xml(
    pages: &mut Pages,
    app: &App,
    task: &ReportTask,
    origin: &Origin<'_>,
    plan: &MapPlan,
) -> Result<(), WriteError> {
    pages.xml.element("HEADER", &[], |xml| {
        write_origin(xml, origin);
        xml.cdata("TEMPLATE", &plan.title);
        xml.cdata("DOMAIN", plan.domain.as_str());
        if let Some(ips) = &plan.ips {
            write_ranges(xml, "IP_RESTRICTION", ips);
        }
        xml.list("MAP_LIST", &plan.maps, |xml, map| {
            xml.element("MAP", &[], |xml| {
                xml.text("REF", map.map.as_str());
                xml.cdata("TITLE", &map.title);
                xml.date_time("LAUNCH_DATETIME", map.launched_at);
                xml.text("STATUS", map.status.as_str());
            });
        });
    });
    let total: u64 = plan.maps.iter().map(|map| map.hosts).max().unwrap_or(0);
    let mut rows = Rows::new(app, task, plan);
    let mut written = 0;
    while let Some(row) = rows.next().await? {
        if written == 0 {
            pages.xml.open("HOST_LIST", &[]);
        }
        write_host(&mut pages.xml, &row);
        written += 1;
        pages.percent().reached(written, total);
        pages.turn().await?;
    }
    pages.xml.close_to_root();
    Ok(())
}

fn write_host(xml: &mut XmlWriter, row: &Row) {
    let Row { host, status, approved, live, in_netblock } = row;
    let flag = |is: &bool| if *is { "1" } else { "0" };
    xml.element("HOST", &[], |xml| {
        xml.text("IP", &host.address.to_string());
        xml.optional_cdata("DNS", host.names.first().map(String::as_str));
        xml.optional_cdata("NETBIOS", host.netbios.as_deref());
        xml.text("ROUTER", flag(&host.router));
        xml.optional_cdata("OPERATING_SYSTEM", host.os.as_deref());
        xml.text("STATUS", status.as_str());
        xml.text("APPROVED", flag(approved));
        xml.text("LIVE", flag(live));
        xml.text("NETBLOCK", flag(in_netblock));
        xml.list("DISCOVERY_LIST", &host.discoveries, |xml, discovery| {
            let port = discovery.port().map(|port| port.to_string());
            let attributes: Vec<(&str, &str)> = port.iter().map(|port| ("port", port.as_str())).collect();
            xml.text_with("DISCOVERY", &attributes, &discovery.method());
        });
    });
}

/// One table.
pub(crate) async fn write_csv(
    lines: &mut Lines,
    app: &App,
    task: &ReportTask,
    plan: &MapPlan,
) -> Result<(), WriteError> {
    csv_head::write_origin(&mut lines.csv, app, task);
    if !task.job.hide_header {
        lines.csv.row(["Domain", "Map Reference", "Launched", "Status"]);
        for map in &plan.maps {
            let launched = csv_head::time(Some(map.launched_at));
            lines.csv.row([plan.domain.as_str(), map.map.as_str(), &launched, map.status.as_str()]);
        }
        lines.csv.blank();
    }
    lines.csv.row([
        "IP",
        "DNS",
        "NetBIOS",
        "Router",
        "OS",
        "Status",
        "Approved",
        "Live",
        "Netblock",
        "Discovery",
    ]);
    let total: u64 = plan.maps.iter().map(|map| map.hosts).max().unwrap_or(0);
    let mut rows = Rows::new(app, task, plan);
    let mut written = 0;
    while let Some(Row { host, status, approved, live, in_netblock }) = rows.next().await? {
        let told = |discovery: &Discovery| match discovery.port() {
            Some(port) => format!("{} {port}", discovery.method()),
            None => discovery.method(),
        };
        let discoveries: Vec<String> = host.discoveries.iter().map(told).collect();
        lines.csv.row([
            host.address.to_string().as_str(),
            host.names.first().map(String::as_str).unwrap_or_default(),
            host.netbios.as_deref().unwrap_or_default(),
            yes(host.router),
            host.os.as_deref().unwrap_or_default(),
            status.as_str(),
            yes(approved),
            yes(live),
            yes(in_netblock),
            &discoveries.join(", "),
        ]);
        written += 1;
        lines.percent().reached(written, total);
        lines.turn().await?;
    }
    Ok(())
}
