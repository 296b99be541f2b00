//! The application object: the parts every use case works with.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use palisade_kb::KnowledgeBase;
use palisade_model::{Clock, IdSource};
use palisade_store::Store;
use tokio::sync::Notify;

use crate::authentication::Authentication;
use crate::limits::Limits;
use crate::mail_server::MailServer;
use crate::password::MasterKey;
use crate::version_match::Knowledge;

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// Shown in reports.
    pub company: String,
    /// A scanner that is silent for this long loses its slice.
    pub lease_s: u32,
    /// Hosts per slice.
    pub slice_hosts: u32,
    /// Most scans queued and running at the same time.
    pub running_scans_max: u32,
    /// Tells this server from others on one database, so that it finds what its own last process
    /// left behind.
    pub server_name: String,
    /// The API limits.
    pub limits: Limits,
    /// Most reports waiting and being made at the same time.
    pub unfinished_reports_max: u32,
    /// Most saved reports of one user.
    pub reports_of_user_max: u32,
    /// Largest document of a report, and most bytes of all saved ones together.
    pub report_bytes_max: u64,
    pub reports_bytes_max: u64,
    /// Days that a report is kept after it was asked for.
    pub report_days: u32,
    /// A session that was not used for this long is over.
    pub session_idle_s: u32,
    /// Whether the subscription has networks.
    pub networks: bool,
    /// Where mails are handed to.
    pub mail_server: Option<MailServer>,
    /// The sender of mails.
    pub mail_from: String,
    /// The folder that mails are written into without a mail server; without either, no mail can be
    /// sent.
    pub outbox: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            company: "Palisade".to_owned(),
            lease_s: 60,
            slice_hosts: 16,
            running_scans_max: 100,
            server_name: "built-in".to_owned(),
            limits: Limits::default(),
            unfinished_reports_max: 8,
            reports_of_user_max: 500,
            report_bytes_max: 8 << 30,
            reports_bytes_max: 32 << 30,
            report_days: 7,
            session_idle_s: 3_600,
            networks: false,
            mail_server: None,
            mail_from: "palisade@localhost".to_owned(),
            outbox: None,
        }
    }
}

/// The use cases. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) parts: Arc<Parts>,
}

/// What a use case works with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) knowledge: Knowledge,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) config: Config,
    pub(crate) authentication: Authentication,
    pub(crate) change: Notify,
    /// Rings when a mail was queued.
    pub(crate) mail: Notify,
    /// Rings when a report was asked for.
    pub(crate) report: Notify,
    /// Rings when hosts were queued for being purged.
    pub(crate) purge: Notify,
    /// When expired leases were last looked for, in microseconds since 1970.
    pub(crate) taken_back_at_us: AtomicI64,
}

impl App {
    #[must_use]
    pub fn new(
        store: Store,
        kb: Arc<KnowledgeBase>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        key: MasterKey,
        config: Config,
    ) -> Self {
        let authentication = Authentication::new(key, ids.as_ref());
        let parts = Parts {
            store,
            knowledge: Knowledge::new(kb),
            clock,
            ids,
            config,
            authentication,
            change: Notify::new(),
            mail: Notify::new(),
            report: Notify::new(),
            purge: Notify::new(),
            taken_back_at_us: AtomicI64::new(i64::MIN),
        };
        Self { parts: Arc::new(parts) }
    }

    /// The KnowledgeBase as it is now; see [`App::refresh_knowledge_base`].
    #[must_use]
    pub fn kb(&self) -> Arc<KnowledgeBase> {
        self.parts.knowledge.in_use()
    }

    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.parts.clock.as_ref()
    }

    #[must_use]
    pub fn company(&self) -> &str {
        &self.parts.config.company
    }

    pub(crate) fn store(&self) -> &Store {
        &self.parts.store
    }

    /// Resolves when any scan changed in this process, or after one second: scanners of other
    /// processes change scans too, and nobody rings for those.
    pub async fn changed(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.parts.change.notified()).await;
    }

    pub(crate) fn announce_change(&self) {
        self.parts.change.notify_waiters();
    }
}
