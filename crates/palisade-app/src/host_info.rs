//! What is known about single hosts: who they are, and how they are vulnerable.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use palisade_model::{Action, DetectionStatus, FindingKind, IpSet, Qid, Resource, Timestamp, Transport};
use palisade_store::{Detection, Host, HostRange, TrackingMethod, User};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result};
use crate::host::{OwnerView, attributes_of};

/// How a host is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKey {
    Ip(Ipv4Addr),
    /// In any case of letters, as the next.
    Dns(String),
    Netbios(String),
}

/// One host of the subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostInfo {
    pub ip: Ipv4Addr,
    pub tracking: TrackingMethod,
    pub dns: Option<String>,
    pub netbios: Option<String>,
    pub os: Option<String>,
    pub comment: Option<String>,
    pub owner: Option<OwnerView>,
    /// `None`: no scan has seen it alive.
    pub last_scan_at: Option<Timestamp>,
    /// The highest severity among its vulnerabilities, 0 without any.
    pub security_risk: u8,
    /// The vulnerabilities that are neither fixed nor ignored, and what the last stored result
    /// gathered.
    pub vulnerabilities: Vec<HostVulnerability>,
}

/// One QID on one port of a host, or on the host as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostVulnerability {
    pub qid: Qid,
    pub kind: FindingKind,
    pub port: Option<(u16, Transport)>,
    /// What answers on the port, where that is known.
    pub service: Option<String>,
    /// What follows is `None` for information gathered, which has no history.
    pub status: Option<DetectionStatus>,
    pub first_found_at: Option<Timestamp>,
    pub times_found: Option<u64>,
    pub last_found_at: Timestamp,
    pub result: String,
}

/// Services by port.
type Services = HashMap<(u16, Transport), String>;

impl App {
    /// What is known about one host.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownHost`] when no host within the caller's reach is named so.
    pub async fn host_info(&self, actor: &Actor, key: HostKey) -> Result<HostInfo> {
        let reach = actor.allow(Action::List, Resource::HostVulnerability)?.reach();
        self.store().bring_tickets_back(self.clock().now()).await?;
        let ranges = self.store().list_host_ranges().await?;
        let visible = reach.hosts(&ranges.iter().map(|part| part.range).collect());
        let (ip, host) = match key {
            HostKey::Ip(ip) => (ip, self.store().host(ip).await?),
            HostKey::Dns(name) => seen_first(self.store().list_hosts_by_dns_name(&name).await?, &visible)?,
            HostKey::Netbios(name) => {
                seen_first(self.store().list_hosts_by_netbios_name(&name).await?, &visible)?
            }
        };
        if !visible.contains(ip) {
            return Err(Error::UnknownHost);
        }
        self.describe_host(ip, host, &ranges).await
    }

    async fn describe_host(
        &self,
        ip: Ipv4Addr,
        host: Option<Host>,
        ranges: &[HostRange],
    ) -> Result<HostInfo> {
        let attributes = attributes_of(ranges, ip);
        let owner = match attributes.and_then(|known| known.owner.as_ref()) {
            Some(login) => self.store().user(login).await?,
            None => None,
        };
        let owner =
            owner.map(|User { login, first_name, last_name, .. }| OwnerView { first_name, last_name, login });
        let vulnerabilities = self.host_vulnerabilities(ip).await?;
        let severities = vulnerabilities.iter().filter(|found| found.kind.is_detection());
        let severity = |qid| self.kb().entry(qid).map_or(0, |entry| entry.severity.level());
        let security_risk = severities.map(|found| severity(found.qid)).max().unwrap_or(0);
        let last_scan_at = host.as_ref().map(|host| host.last_scan_at);
        let (dns, netbios, os) =
            host.map_or((None, None, None), |host| (host.dns_name, host.netbios_name, host.os));
        Ok(HostInfo {
            ip,
            tracking: attributes.map_or(TrackingMethod::Ip, |known| known.tracking),
            dns,
            netbios,
            os,
            comment: attributes.and_then(|known| known.comment.clone()),
            owner,
            last_scan_at,
            security_risk,
            vulnerabilities,
        })
    }

    /// The vulnerabilities that are neither fixed nor ignored, then what the last stored result gathered. QIDs that
    /// are not in the KnowledgeBase are left out: there is nothing to say about them.
    async fn host_vulnerabilities(&self, ip: Ipv4Addr) -> Result<Vec<HostVulnerability>> {
        let ports = self.store().list_host_ports(ip, ip).await?;
        let services: Services =
            ports.into_iter().map(|open| ((open.port, open.transport), open.service)).collect();
        let detections = self.store().list_detections(ip).await?;
        let mut all: Vec<HostVulnerability> = detections
            .into_iter()
            .filter(|detection| detection.status != DetectionStatus::Fixed && !detection.ignored)
            .filter_map(|detection| self.vulnerability(detection, &services))
            .collect();
        if let Some((findings, taken_in_at)) = self.store().latest_result(ip).await? {
            all.extend(findings.into_iter().filter_map(|finding| {
                let kind = self.kb().entry(finding.qid)?.kind;
                let port = finding.port.map(|port| (port, finding.transport.unwrap_or(Transport::Tcp)));
                (!kind.is_detection()).then(|| HostVulnerability {
                    qid: finding.qid,
                    kind,
                    port,
                    service: port.and_then(|port| services.get(&port).cloned()),
                    status: None,
                    first_found_at: None,
                    times_found: None,
                    last_found_at: taken_in_at,
                    result: finding.result,
                })
            }));
        }
        Ok(all)
    }

    fn vulnerability(&self, detection: Detection, services: &Services) -> Option<HostVulnerability> {
        let Detection { key, status, first_found_at, last_found_at, times_found, result, .. } = detection;
        Some(HostVulnerability {
            qid: key.qid,
            kind: self.kb().entry(key.qid)?.kind,
            port: key.port,
            service: key.port.and_then(|port| services.get(&port).cloned()),
            status: Some(status),
            first_found_at: Some(first_found_at),
            times_found: Some(times_found),
            last_found_at,
            result,
        })
    }
}

/// The first of the hosts that the caller may see.
fn seen_first(hosts: Vec<Host>, visible: &IpSet) -> Result<(Ipv4Addr, Option<Host>)> {
    let host = hosts.into_iter().find(|host| visible.contains(host.ip)).ok_or(Error::UnknownHost)?;
    Ok((host.ip, Some(host)))
}
