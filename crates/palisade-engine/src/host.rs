//! One host from discovery to its result.
//!
//! Discovery first, under a permit of its own kind, because most addresses of a network are silent
//! and silence is cheap. Then, for a host that is there and gets its turn: TCP ports and their
//! services, UDP services and the host's name side by side, and at the end what follows from all
//! of it together. The host's time covers everything but the waiting for its turn.

use std::net::IpAddr;
use std::sync::Arc;

use palisade_model::{HostResult, PortSet, Transport};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;

use crate::discovery::{self, Life};
use crate::judge::{self, Ending};
use crate::link::Stage;
use crate::order::ScanOrder;
use crate::pacing::{HostPace, Pace};
use crate::partial_host::{PartialHost, PartialPorts};
use crate::recognition;
use crate::scan::ScanContext;
use crate::sheet::Sheet;
use crate::survey::{self, Sighting};
use crate::{certificate_names, names, oddities, os, ports, service, sign_in, template, udp};

/// A host to be scanned.
#[derive(Debug)]
pub(crate) struct HostScan {
    pub(crate) sheet: Arc<Sheet>,
    address: IpAddr,
    order: Arc<ScanOrder>,
    context: ScanContext,
    pace: Arc<Pace>,
    sight: Known,
}

/// What is known of a host before it is looked at.
#[derive(Debug)]
pub(crate) enum Known {
    Nothing,
    /// A sweep found nobody.
    Dead,
    Sighted(Box<Sighting>),
    /// What was learnt before the scan was paused.
    Partial(Box<PartialHost>),
}

impl HostScan {
    pub(crate) fn new(
        address: IpAddr,
        order: Arc<ScanOrder>,
        context: ScanContext,
        pace: Arc<Pace>,
        sight: Known,
    ) -> Self {
        let sheet = Sheet::new(address, context.clock.now().as_second());
        sheet.lock().swept = match &sight {
            Known::Sighted(sighting) => sighting.ports.clone(),
            Known::Partial(partial) => partial.sight().cloned(),
            Known::Nothing | Known::Dead => None,
        };
        Self { sheet, address, order, context, pace, sight }
    }

    /// Scans the host; `permit` covers the discovery.
    pub(crate) async fn run(self, permit: OwnedSemaphorePermit) -> HostResult {
        let host = HostPace::new(self.address, Arc::clone(&self.pace));
        let life = self.find(&host).await;
        let alive = life.alive_by.is_some() || self.order.profile.scan_dead_hosts;
        self.sheet.write_life(life, alive);
        let mut ending = Ending::Complete;
        if alive && let Ok(_turn) = Arc::clone(&self.pace.hosts).acquire_owned().await {
            drop(permit);
            let host = host.begin();
            if timeout_at(host.deadline, self.look_closely(&host)).await.is_err() {
                ending = Ending::TimedOut;
            }
        }
        self.sheet.enter(Stage::Checks);
        self.conclude();
        self.recognise().await;
        judge::result(&self.sheet, &self.context, &self.order, ending, self.pace.plan.wanted.clone()).await
    }

    /// Asks whether somebody is there, where no sweep has.
    async fn find(&self, host: &HostPace) -> Life {
        match &self.sight {
            Known::Nothing => {
                let mut mark = [0; 8];
                self.context.ids.fill(&mut mark);
                self.write_method(survey::BY_CONNECTING);
                discovery::look(host, mark).await
            }
            Known::Dead => {
                self.write_method(survey::BY_SYN);
                Life { icmp_echo: Some(false), ..Life::default() }
            }
            Known::Partial(partial) => {
                self.write_method(&partial.method);
                partial.life()
            }
            Known::Sighted(sighting) => {
                // A sweep for hosts alone leaves the ports to be connected to.
                let by = if sighting.ports.is_some() { sighting.method } else { survey::BY_CHOICE };
                self.write_method(by);
                if let Some(round_trip) = sighting.round_trip {
                    host.round_trip.record(round_trip);
                }
                Life { alive_by: sighting.alive_by.clone(), ttl: sighting.ttl, icmp_echo: sighting.icmp_echo }
            }
        }
    }

    fn write_method(&self, method: &str) {
        method.clone_into(&mut self.sheet.lock().facts.method);
    }

    async fn look_closely(&self, host: &Arc<HostPace>) {
        let tcp = host.plan().ports(Transport::Tcp);
        let udp = host.plan().ports(Transport::Udp);
        let (name, ()) =
            tokio::join!(self.tcp(host, tcp), udp::scan(host, &self.sheet, udp, self.context.ids.as_ref()),);
        names::gather(&mut self.sheet.lock().facts, name.clone());
        let mut named = self.sheet.snapshot().facts;
        let needs = &host.plan().needs;
        tokio::join!(
            async {
                if needs.has_word("transferred_zones") || needs.has_word("transferred_records") {
                    service::transfer_zones(host, &self.sheet, &self.context, &self.order.zones).await;
                }
            },
            async {
                if needs.tls() {
                    certificate_names::judge(host, &mut named).await;
                }
            },
        );
        certificate_names::copy(&named, &mut self.sheet.lock().facts);
        service::survey_virtual_hosts(host, &self.sheet, &self.context).await;
        sign_in::all(host, &self.sheet, &self.context, &self.order).await;
        template::run_all(host, &self.sheet, &self.context, name.as_deref()).await;
        self.sheet.lock().facts.round_trip_us =
            host.round_trip.smoothed().map(|trip| u32::try_from(trip.as_micros()).unwrap_or(u32::MAX));
    }

    /// TCP ports and their services; the registered name, for which some services are asked.
    async fn tcp(&self, host: &Arc<HostPace>, wanted: &PortSet) -> Option<String> {
        self.sheet.enter(Stage::Ports);
        let (open, name) = tokio::join!(self.open_ports(host, wanted), names::registered(host));
        self.sheet.enter(Stage::Services);
        service::survey_all(host, &self.sheet, &self.context, &open, name.as_deref()).await;
        name
    }

    /// As a sweep has seen them, or by connecting.
    async fn open_ports(&self, host: &HostPace, wanted: &PortSet) -> Vec<u16> {
        if let Known::Partial(partial) = &self.sight
            && let PartialPorts::Connected(kept) = &partial.ports
        {
            self.sheet.tcp_ports_kept(wanted, kept);
        }
        let swept = self.sheet.lock().swept.clone();
        match &swept {
            Some(sight) => {
                self.sheet.tcp_ports_sighted(wanted, sight);
                oddities::confirm(host, &self.sheet, sight).await
            }
            None => ports::scan(host, &self.sheet, wanted).await,
        }
    }

    /// Asks the fingerprint databases of others, if there are any.
    async fn recognise(&self) {
        let Some(fingerprints) = &self.context.fingerprints else { return };
        let recognised = recognition::recognise(fingerprints, self.sheet.snapshot().facts).await;
        let recognised = if self.pace.plan.needs.system() { recognised } else { recognised.without_system() };
        recognised.write(&mut self.sheet.lock().facts);
    }

    /// What follows from everything seen, also where the time was up before the end.
    fn conclude(&self) {
        let mut known = self.sheet.lock();
        if known.facts.names.is_empty() {
            names::gather(&mut known.facts, None);
        }
        // A vote of few would overrule the one of a scan that asked all.
        if self.pace.plan.needs.system() {
            known.facts.os = os::vote(&known.facts);
        }
    }
}
