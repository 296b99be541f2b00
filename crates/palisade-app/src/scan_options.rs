//! Three settings of the default option profile, which one call of the API shows and changes.

use palisade_model::option_profile::{PortList, ScanPorts};
use palisade_model::{OptionProfile, PortSet};

use crate::actor::Actor;
use crate::app::App;
use crate::error::Result;

/// TCP ports, as far as the call tells them apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanPortsView {
    Standard,
    Full,
    Custom(PortSet),
}

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOptionsView {
    pub scan_dead_hosts: bool,
    pub ports: ScanPortsView,
    pub load_balancer: bool,
}

/// Changes to them; `None` leaves a thing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditScanOptions {
    pub scan_dead_hosts: Option<bool>,
    pub ports: Option<ScanPortsView>,
    pub load_balancer: Option<bool>,
}

impl App {
    /// The settings of the default option profile.
    pub async fn scan_options(&self, actor: &Actor) -> Result<ScanOptionsView> {
        Ok(view(&self.option_profile(actor, None).await?.profile))
    }

    /// Changes the settings, and gives all of them.
    ///
    /// # Errors
    ///
    /// As [`App::edit_option_profile`]: [`crate::Error::Forbidden`] for whoever may not edit the
    /// default profile.
    pub async fn edit_scan_options(&self, actor: &Actor, edit: EditScanOptions) -> Result<ScanOptionsView> {
        let EditScanOptions { scan_dead_hosts, ports, load_balancer } = edit;
        let found = self.option_profile(actor, None).await?;
        let mut profile = found.profile;
        profile.scan_dead_hosts = scan_dead_hosts.unwrap_or(profile.scan_dead_hosts);
        profile.load_balancer_detection = load_balancer.unwrap_or(profile.load_balancer_detection);
        match ports {
            None => {}
            Some(ScanPortsView::Standard) => profile.tcp = ScanPorts::of(PortList::Standard),
            Some(ScanPortsView::Full) => profile.tcp = ScanPorts::of(PortList::Full),
            Some(ScanPortsView::Custom(ports)) => profile.tcp = ScanPorts::only(ports),
        }
        Ok(view(&self.edit_option_profile(actor, None, found.version, profile).await?.profile))
    }
}

fn view(profile: &OptionProfile) -> ScanOptionsView {
    let ports = match profile.tcp.list {
        PortList::Full => ScanPortsView::Full,
        PortList::Standard if profile.tcp.additional.is_empty() => ScanPortsView::Standard,
        PortList::Standard | PortList::Light | PortList::None => {
            ScanPortsView::Custom(palisade_engine::tcp_ports(profile))
        }
    };
    ScanOptionsView {
        scan_dead_hosts: profile.scan_dead_hosts,
        ports,
        load_balancer: profile.load_balancer_detection,
    }
}
