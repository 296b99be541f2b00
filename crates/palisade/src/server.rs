//! The server: store, use cases, built-in scanner and listener, put together and taken down.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use palisade_api::{ApiConfig, platform_url};
use palisade_app::{App, Config, Limits};
use palisade_engine::{Link, MapWorker, Worker, WorkerOptions};
use palisade_kb::KnowledgeBase;
use palisade_model::{Clock, IdSource, SystemClock, SystemIds};
use palisade_store::Store;
use palisade_template::Library;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::certificate;
use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::fingerprints;
use crate::kb_template;
use crate::mail_server::{self, MailSettingsError};
use crate::settings::Settings;
use crate::stall::StallLimit;

/// How long a stopping server waits for open answers.
const GRACE: Duration = Duration::from_secs(5);
/// Ports tried after the wished one when it is taken.
const PORTS_TRIED_MAX: u16 = 100;
/// Longest time between two looks at the scheduled tasks.
const SCHEDULER_LOOK: Duration = Duration::from_secs(1);
/// Time between two looks at the lists of vulnerabilities.
const FEEDS_LOOK: Duration = Duration::from_secs(10);
/// The same for imported community templates.
const TEMPLATES_LOOK: Duration = Duration::from_secs(2);
/// Slowest a client may send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    #[error("the data folder cannot be used")]
    Data(#[from] DataDirectoryError),
    #[error("the database cannot be opened")]
    Store(#[source] palisade_store::Error),
    #[error("the KnowledgeBase cannot be loaded")]
    KnowledgeBase(#[source] palisade_kb::Error),
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("plain HTTP is for loopback addresses only; {address} is not one")]
    HttpBeyondLoopback { address: SocketAddr },
    #[error("no self-signed certificate could be made")]
    MakeCertificate(#[source] rcgen::Error),
    #[error("the certificate or key in {} cannot be used", path.display())]
    Certificate {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the calls of the last process cannot be ended")]
    FormerCalls(#[source] palisade_app::Error),
    #[error("the mail server cannot be used")]
    MailServer(#[from] MailSettingsError),
    #[error("tls_certificate and tls_key are needed together")]
    HalfACertificate,
    #[error("the server stopped with an error")]
    Serve(#[source] std::io::Error),
    #[error("what is known of CVEs cannot be read")]
    Feeds(#[source] palisade_app::Error),
    #[error("the fingerprints cannot be used")]
    Fingerprints(#[source] palisade_fingerprint::LoadError),
    #[error("the imported community templates cannot be read; import them again")]
    Templates(#[from] palisade_template::LibraryError),
}

/// How documents name the server when nobody's request says how it is reached.
pub(crate) fn named_url(settings: &Settings) -> String {
    let scheme = if settings.http { "http" } else { "https" };
    settings.base_url.as_deref().map_or_else(|| format!("{scheme}://{}", settings.listen), platform_url)
}

/// Opens the data for a command, beside a server that may be running on them.
pub(crate) async fn open_shared(settings: &Settings) -> Result<App, ServerError> {
    let data = DataDirectory::open_shared(&settings.data)?;
    open_app(settings, &data).await
}

/// Opens store, KnowledgeBase and use cases, without listening.
pub(crate) async fn open_app(settings: &Settings, data: &DataDirectory) -> Result<App, ServerError> {
    open_app_with(settings, data, None).await
}

/// The same, with what imported templates find beside what our own checks do.
pub(crate) async fn open_app_with(
    settings: &Settings,
    data: &DataDirectory,
    templates: Option<&Library>,
) -> Result<App, ServerError> {
    let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
    let url = match &settings.database {
        Some(url) => url.clone(),
        None => data.sqlite_url()?,
    };
    let store = Store::open(&url, &data.documents()?).await.map_err(ServerError::Store)?;
    let mut kb = KnowledgeBase::embedded().map_err(ServerError::KnowledgeBase)?;
    kb_template::describe(&mut kb, templates);
    let key = data.master_key(&*ids)?;
    let config = Config {
        company: settings.company.clone(),
        lease_s: settings.lease_s,
        server_name: settings.scanner_name.clone(),
        limits: Limits {
            rate_limit_calls: settings.rate_limit_calls,
            rate_limit_window_s: settings.rate_limit_window_s,
            concurrency_limit: settings.concurrency_limit,
        },
        report_days: settings.report_days,
        reports_bytes_max: u64::from(settings.report_space_mib) << 20,
        session_idle_s: settings.session_idle_minutes * 60,
        networks: settings.networks,
        mail_server: mail_server::read(settings)?,
        mail_from: settings.mail_from.clone(),
        outbox: Some(data.outbox()?),
        ..Config::default()
    };
    let app = App::new(store, Arc::new(kb), Arc::new(SystemClock), ids, key, config);
    app.refresh_knowledge_base().await.map_err(ServerError::Feeds)?;
    Ok(app)
}

/// A listening server.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    /// PEM of the certificate clients may trust; `None` with plain HTTP.
    certificate: Option<String>,
    certificate_path: Option<PathBuf>,
    handle: Handle<SocketAddr>,
    stop: watch::Sender<bool>,
    listener: JoinHandle<std::io::Result<()>>,
    worker: JoinHandle<()>,
    mail: JoinHandle<()>,
    purge: JoinHandle<()>,
    scheduler: JoinHandle<()>,
    reports: JoinHandle<()>,
}

impl Server {
    /// Starts listening, scanning and scheduled tasks. With `next_free_port` a taken port moves the server to the
    /// next free one.
    pub(crate) async fn start(
        app: &App,
        settings: &Settings,
        data: &DataDirectory,
        templates: Option<Arc<Library>>,
        next_free_port: bool,
    ) -> Result<Self, ServerError> {
        if settings.http && !settings.listen.ip().is_loopback() {
            return Err(ServerError::HttpBeyondLoopback { address: settings.listen });
        }
        let socket = bind(settings.listen, next_free_port)?;
        let address = socket.local_addr().map_err(|source| listen_failed(settings.listen, source))?;
        let former_calls = app.end_former_calls().await.map_err(ServerError::FormerCalls)?;
        if former_calls > 0 {
            tracing::info!(former_calls, "ended the calls that the last process left");
        }
        let router = palisade_api::router(
            app.clone(),
            ApiConfig {
                base_url: settings.base_url.as_deref().map(platform_url),
                behind_proxy: settings.behind_proxy,
                body_max_bytes: usize::try_from(settings.body_max_bytes).unwrap_or(usize::MAX),
                keep_alive_s: u64::from(settings.keep_alive_s),
                tls: !settings.http,
                ..ApiConfig::default()
            },
        );
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let handle = Handle::new();
        let stall_limit = StallLimit(Duration::from_secs(settings.stall_limit_s.into()));

        let (certificate_path, listener) = if settings.http {
            let server = axum_server::from_tcp(socket).map_err(|source| listen_failed(address, source))?;
            let server = bounded(server).acceptor(stall_limit).handle(handle.clone());
            (None, tokio::spawn(server.serve(service)))
        } else {
            let (certificate_path, key_path) = certificate_files(settings, data, address)?;
            let tls = RustlsConfig::from_pem_file(&certificate_path, &key_path)
                .await
                .map_err(|source| ServerError::Certificate { path: certificate_path.clone(), source })?;
            let server =
                axum_server::from_tcp_rustls(socket, tls).map_err(|source| listen_failed(address, source))?;
            let server = bounded(server).map(|tls| tls.acceptor(stall_limit)).handle(handle.clone());
            (Some(certificate_path), tokio::spawn(server.serve(service)))
        };
        let certificate = certificate_path.as_deref().map(read_certificate).transpose()?;

        let fingerprints = settings.fingerprints.as_deref().map(fingerprints::load).transpose();
        let fingerprints = fingerprints.map_err(ServerError::Fingerprints)?;
        let (stop, stopped) = watch::channel(false);
        let (sender, mail_stopped) = (app.clone(), stopped.clone());
        let mail = tokio::spawn(async move { sender.send_mail_until(wait_for(mail_stopped)).await });
        let (purger, purge_stopped) = (app.clone(), stopped.clone());
        let purge = tokio::spawn(async move { purger.purge_until(wait_for(purge_stopped)).await });
        let scheduler = tokio::spawn(start_scheduled_tasks(app.clone(), stopped.clone()));
        // Ends with the server; nothing waits for it.
        tokio::spawn(follow_feeds(app.clone(), stopped.clone()));
        let (maker, reports_stopped) = (app.clone(), stopped.clone());
        let reports = tokio::spawn(async move {
            palisade_report::make_reports(&maker, wait_for(reports_stopped)).await;
        });
        let link = Arc::new(app.link(&settings.scanner_name));
        let worker = Arc::new(Worker::new(
            Arc::clone(&link),
            app.kb(),
            Arc::new(SystemClock) as Arc<dyn Clock>,
            Arc::new(SystemIds) as Arc<dyn IdSource>,
            WorkerOptions { fingerprints, templates, ..WorkerOptions::default() },
        ));
        // Ends with the server; nothing waits for it.
        tokio::spawn(follow_templates(app.clone(), Arc::clone(&worker), data.templates(), stopped.clone()));
        let maps = MapWorker::new(link, worker.context(), settings.dns_resolvers.clone());
        let worker = tokio::spawn(async move {
            tokio::join!(worker.run(wait_for(stopped.clone())), maps.run(wait_for(stopped)));
        });
        tracing::info!(%address, tls = !settings.http, "listening");
        Ok(Self {
            address,
            certificate,
            certificate_path,
            handle,
            stop,
            listener,
            worker,
            mail,
            purge,
            scheduler,
            reports,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// For example `https://127.0.0.1:8443`.
    pub(crate) fn base_url(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("{scheme}://{address}")
    }

    pub(crate) fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    pub(crate) fn certificate_path(&self) -> Option<&Path> {
        self.certificate_path.as_deref()
    }

    /// Serves until a signal comes, then stops.
    pub(crate) async fn run(mut self) -> Result<(), ServerError> {
        tokio::select! {
            () = asked_to_stop() => {}
            ended = &mut self.listener => {
                if let Ok(Err(source)) = ended {
                    return Err(ServerError::Serve(source));
                }
            }
        }
        self.stop().await;
        Ok(())
    }

    /// Stops taking work, lets open answers end for a moment, and returns. What a scan has not
    /// delivered is taken up again at the next start.
    pub(crate) async fn stop(self) {
        tracing::info!("stopping");
        let _ = self.stop.send(true);
        self.handle.graceful_shutdown(Some(GRACE));
        let _ = tokio::time::timeout(GRACE * 2, async {
            let _ = self.worker.await;
            let _ = self.mail.await;
            let _ = self.purge.await;
            let _ = self.scheduler.await;
            let _ = self.reports.await;
            let _ = self.listener.await;
        })
        .await;
    }
}

/// Resolves at the first interrupt or termination signal.
pub(crate) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// A client that sends its request's head by the byte does not hold a connection for ever.
fn bounded<A>(mut server: axum_server::Server<SocketAddr, A>) -> axum_server::Server<SocketAddr, A> {
    let timer = hyper_util::rt::TokioTimer::new();
    server.http_builder().http1().timer(timer).header_read_timeout(HEAD_TIMEOUT);
    server
}

/// Starts scheduled tasks at their times. The database is looked at every second, because other
/// servers change it too.
async fn start_scheduled_tasks(app: App, stopped: watch::Receiver<bool>) {
    let clock = app.clone();
    app.run_scheduler(|next| {
        let until_next = next.and_then(|next| next.duration_since(clock.clock().now()).try_into().ok());
        // A start whose time is over waits for the end of a scan.
        let wait = until_next.filter(|wait| *wait > Duration::ZERO).unwrap_or(SCHEDULER_LOOK);
        let stopped = wait_for(stopped.clone());
        async move { tokio::time::timeout(wait.min(SCHEDULER_LOOK), stopped).await.is_err() }
    })
    .await;
}

/// Notices when community templates were taken in, by `palisade kb import`: what begins from then on
/// is done with them.
async fn follow_templates<L: Link>(
    app: App,
    worker: Arc<Worker<L>>,
    path: PathBuf,
    stopped: watch::Receiver<bool>,
) {
    // What the server began with may be gone already: it is read once more.
    let mut seen = None;
    while tokio::time::timeout(TEMPLATES_LOOK, wait_for(stopped.clone())).await.is_err() {
        let now = kb_template::stamp(&path);
        if now == seen {
            continue;
        }
        match take_templates(&app, &worker, path.clone()).await {
            Ok(()) => seen = now,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the imported community templates cannot be taken");
            }
        }
    }
}

async fn take_templates<L: Link>(app: &App, worker: &Worker<L>, path: PathBuf) -> Result<(), ServerError> {
    let reading = tokio::task::spawn_blocking(move || -> Result<_, ServerError> {
        let templates = kb_template::imported_at(&path)?;
        let mut kb = KnowledgeBase::embedded().map_err(ServerError::KnowledgeBase)?;
        kb_template::describe(&mut kb, templates.as_deref());
        Ok((kb, templates))
    });
    let (kb, templates) = reading.await.map_err(|error| ServerError::Serve(error.into()))??;
    app.replace_content(Arc::new(kb)).await.map_err(ServerError::Feeds)?;
    worker.replace_content(app.kb(), templates);
    Ok(())
}

/// Notices when lists of vulnerabilities were taken in, by `palisade kb` or another server.
async fn follow_feeds(app: App, stopped: watch::Receiver<bool>) {
    while tokio::time::timeout(FEEDS_LOOK, wait_for(stopped.clone())).await.is_err() {
        if let Err(error) = app.refresh_knowledge_base().await {
            tracing::warn!(%error, "what is known of CVEs could not be read");
        }
    }
}

async fn wait_for(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the server.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn bind(wished: SocketAddr, next_free_port: bool) -> Result<std::net::TcpListener, ServerError> {
    let tries = if next_free_port { PORTS_TRIED_MAX } else { 0 };
    let mut address = wished;
    for attempt in 0..=tries {
        address.set_port(wished.port().saturating_add(attempt));
        match std::net::TcpListener::bind(address) {
            Ok(socket) => {
                socket.set_nonblocking(true).map_err(|source| listen_failed(address, source))?;
                return Ok(socket);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && attempt < tries => {}
            Err(source) => return Err(listen_failed(address, source)),
        }
    }
    Err(listen_failed(wished, std::io::ErrorKind::AddrInUse.into()))
}

fn listen_failed(address: SocketAddr, source: std::io::Error) -> ServerError {
    ServerError::Listen { address, source }
}

fn certificate_files(
    settings: &Settings,
    data: &DataDirectory,
    address: SocketAddr,
) -> Result<(PathBuf, PathBuf), ServerError> {
    match (&settings.tls_certificate, &settings.tls_key) {
        (Some(certificate), Some(key)) => return Ok((certificate.clone(), key.clone())),
        (None, None) => {}
        // Values of the configuration file are defaults, which the command line's rules pass over.
        _ => return Err(ServerError::HalfACertificate),
    }
    let machine = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let (certificate, key) = certificate::self_signed(machine.as_deref(), address.ip(), SystemClock.now())
        .map_err(ServerError::MakeCertificate)?;
    Ok(data.certificate(|| (certificate, key))?)
}

fn read_certificate(path: &Path) -> Result<String, ServerError> {
    std::fs::read_to_string(path).map_err(|source| ServerError::Certificate { path: path.to_owned(), source })
}
