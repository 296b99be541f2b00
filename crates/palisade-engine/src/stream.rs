//! A stream to one port with an end of time and an end of bytes, plain or through TLS, and the
//! driver that holds a probe's [`Conversation`] over it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use palisade_probe::conversation::{ANSWER_BYTES_MAX, Conversation, Step};
use palisade_probe::tls::OldClient;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::pacing::{Connected, HostPace, SocketPermit};

/// One connection never gives us more than this, whatever it wants to say.
const CONNECTION_BYTES_MAX: usize = 1024 * 1024;
const READ_BYTES: usize = 16 * 1024;
/// How often to look whether tickets came.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A connection to one port.
#[derive(Debug)]
pub(crate) struct Stream {
    transport: Transport,
    /// Held as long as the socket is open.
    _permit: SocketPermit,
    /// What the connection may still deliver.
    bytes_left: usize,
}

#[derive(Debug)]
enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    OldTls(Box<OldTls>),
}

/// TLS that no library speaks any more.
#[derive(Debug)]
struct OldTls {
    stream: TcpStream,
    client: OldClient,
    /// What the service said and nobody has read yet.
    received: Vec<u8>,
}

impl OldTls {
    /// Takes in what arrives next, and answers what wants an answer. `false` at the end.
    async fn advance(&mut self) -> std::io::Result<bool> {
        let mut bytes = vec![0; READ_BYTES];
        let count = self.stream.read(&mut bytes).await?;
        bytes.truncate(count);
        let mut reply = Vec::new();
        let fed = self.client.feed(&bytes, &mut reply, &mut self.received);
        self.stream.write_all(&reply).await?;
        Ok(count > 0 && fed.is_ok() && !self.client.is_closed())
    }

    /// What the service said, at most `room` bytes; nothing at the end.
    async fn read(&mut self, to: &mut Vec<u8>, room: usize) -> std::io::Result<usize> {
        while self.received.is_empty() {
            if !self.advance().await? && self.received.is_empty() {
                return Ok(0);
            }
        }
        let taken = room.min(self.received.len());
        to.extend(self.received.drain(..taken));
        Ok(taken)
    }
}

/// What one read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    Bytes,
    /// The other side ended the connection, or broke it.
    Closed,
    TimeUp,
    /// The connection has delivered all it may.
    TooMuch,
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// To its own end, or to the other side's.
    Finished,
    /// The other side does not speak the protocol.
    Refused,
    /// Time or bytes ran out; what was learnt before counts, what is missing means nothing.
    CutShort,
}

impl Stream {
    /// Connects to a port; `None` when it does not accept (any more).
    pub(crate) async fn connect(host: &HostPace, port: u16) -> Option<Self> {
        // A port known to be open deserves more patience than a scan for open ones.
        let patience = host.round_trip.timeout().max(Duration::from_millis(800));
        match host.connect_within(port, Some(patience)).await {
            Connected::Open(stream, permit) => Some(Self {
                transport: Transport::Plain(stream),
                _permit: permit,
                bytes_left: CONNECTION_BYTES_MAX,
            }),
            Connected::Reset | Connected::Refused | Connected::Silent => None,
        }
    }

    /// Goes on through TLS, whatever certificate the other side shows. `server_name` is asked for
    /// where one is given that can be.
    pub(crate) async fn into_tls(
        self,
        host: &HostPace,
        server_name: Option<&str>,
        until: Instant,
    ) -> Option<Self> {
        Some(self.into_tls_offering(host, server_name, &[], until).await?.0)
    }

    /// The same, offering application protocols; and whether an OCSP response came.
    pub(crate) async fn into_tls_offering(
        self,
        host: &HostPace,
        server_name: Option<&str>,
        protocols: &[&str],
        until: Instant,
    ) -> Option<(Self, bool)> {
        let Transport::Plain(stream) = self.transport else { return None };
        let stapled = Arc::new(AtomicBool::new(false));
        let mut config = any_certificate_config(Arc::clone(&stapled))?;
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        // Of an address no extension is made.
        let address = || ServerName::IpAddress(IpAddr::from(host.address));
        let name = server_name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let name = name.unwrap_or_else(address);
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let stream = timeout_at(until, handshake).await.ok()?.ok()?;
        let stream = Self { transport: Transport::Tls(Box::new(stream)), ..self };
        Some((stream, stapled.load(Ordering::Relaxed)))
    }

    /// Whether the connection may deliver so many bytes more.
    pub(crate) const fn may_deliver(&self, bytes: usize) -> bool {
        self.bytes_left >= bytes
    }

    /// The application protocol that was agreed.
    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        match &self.transport {
            Transport::Tls(stream) => stream.get_ref().1.alpn_protocol(),
            Transport::Plain(_) | Transport::OldTls(_) => None,
        }
    }

    /// The same with TLS 1.0 to 1.2 as they were, for servers that have nothing newer. `seed` is any
    /// bytes.
    pub(crate) async fn into_old_tls(
        self,
        server_name: Option<&str>,
        seed: [u8; 32],
        until: Instant,
    ) -> Option<Self> {
        let Transport::Plain(stream) = self.transport else { return None };
        let (client, hello) = OldClient::new(server_name, seed);
        let mut old = OldTls { stream, client, received: Vec::new() };
        let handshake = async {
            old.stream.write_all(&hello).await.ok()?;
            while !old.client.is_open() {
                old.advance().await.ok()?.then_some(())?;
            }
            Some(())
        };
        timeout_at(until, handshake).await.ok()??;
        Some(Self { transport: Transport::OldTls(Box::new(old)), ..self })
    }

    /// The chain the other side showed, its own first; empty without TLS.
    pub(crate) fn certificates(&self) -> Vec<Vec<u8>> {
        match &self.transport {
            Transport::Plain(_) => Vec::new(),
            Transport::OldTls(old) => old.client.certificates().to_vec(),
            Transport::Tls(stream) => stream
                .get_ref()
                .1
                .peer_certificates()
                .unwrap_or_default()
                .iter()
                .map(|certificate| certificate.to_vec())
                .collect(),
        }
    }

    /// Whether the other side hands out tickets after a handshake of TLS 1.3; waits for them until
    /// then. What it says meanwhile is lost.
    pub(crate) async fn receives_tickets(&mut self, until: Instant) -> bool {
        let mut unwanted = Vec::new();
        let received = |stream: &Self| match &stream.transport {
            Transport::Plain(_) | Transport::OldTls(_) => 0,
            Transport::Tls(stream) => stream.get_ref().1.tls13_tickets_received(),
        };
        // A read takes tickets in and does not end by them: look after short ones.
        while received(self) == 0 && Instant::now() < until {
            let soon = (Instant::now() + LOOK_EVERY).min(until);
            match self.read(&mut unwanted, soon).await {
                Received::Bytes | Received::TimeUp => unwanted.clear(),
                Received::Closed | Received::TooMuch => break,
            }
        }
        received(self) > 0
    }

    /// Whether all of it left in time.
    pub(crate) async fn send(&mut self, bytes: &[u8], until: Instant) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let sending = async {
            match &mut self.transport {
                Transport::Plain(stream) => stream.write_all(bytes).await,
                Transport::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Transport::OldTls(old) => {
                    let sealed = old.client.seal(bytes);
                    old.stream.write_all(&sealed).await
                }
            }
        };
        matches!(timeout_at(until, sending).await, Ok(Ok(())))
    }

    /// Says that nothing more will be sent; the other side may go on.
    pub(crate) async fn finish_sending(&mut self, until: Instant) {
        let ending = async {
            match &mut self.transport {
                Transport::Plain(stream) => stream.shutdown().await,
                Transport::Tls(stream) => stream.shutdown().await,
                Transport::OldTls(old) => old.stream.shutdown().await,
            }
        };
        // A connection that breaks here says so to the next read.
        let _ = timeout_at(until, ending).await;
    }

    /// Adds what arrives next to `received`.
    pub(crate) async fn read(&mut self, received: &mut Vec<u8>, until: Instant) -> Received {
        if self.bytes_left == 0 {
            return Received::TooMuch;
        }
        let room = READ_BYTES.min(self.bytes_left);
        received.reserve(room.min(2_048));
        let reading = async {
            match &mut self.transport {
                Transport::Plain(stream) => (&mut *stream).take(room as u64).read_buf(received).await,
                Transport::Tls(stream) => stream.as_mut().take(room as u64).read_buf(received).await,
                Transport::OldTls(old) => old.read(received, room).await,
            }
        };
        match timeout_at(until, reading).await {
            Err(_) => Received::TimeUp,
            Ok(Ok(0) | Err(_)) => Received::Closed,
            Ok(Ok(count)) => {
                self.bytes_left -= count.min(self.bytes_left);
                Received::Bytes
            }
        }
    }

    /// Holds a conversation. Every answer has to be complete `patience` after its question, and
    /// everything `until` then; a byte a second does not extend it.
    pub(crate) async fn converse<C: Conversation + ?Sized>(
        &mut self,
        conversation: &mut C,
        patience: Duration,
        until: Instant,
    ) -> End {
        let first = conversation.start();
        let mut received = Vec::new();
        let mut answer_by = (Instant::now() + patience).min(until);
        if !self.send(&first, answer_by).await {
            return End::CutShort;
        }
        loop {
            match self.read(&mut received, answer_by).await {
                Received::Bytes => {}
                Received::Closed => {
                    conversation.closed(&received);
                    return End::Finished;
                }
                Received::TimeUp | Received::TooMuch => {
                    conversation.closed(&received);
                    return End::CutShort;
                }
            }
            match conversation.receive(&received) {
                Step::NeedMore if received.len() > ANSWER_BYTES_MAX => {
                    conversation.closed(&received);
                    return End::CutShort;
                }
                Step::NeedMore => {}
                Step::Send(next) => {
                    received.clear();
                    answer_by = (Instant::now() + patience).min(until);
                    if !self.send(&next, answer_by).await {
                        return End::CutShort;
                    }
                }
                Step::Finish(farewell) => {
                    self.send(&farewell, answer_by).await;
                    return End::Finished;
                }
                Step::Done => return End::Finished,
                Step::Failed(_) => return End::Refused,
            }
        }
    }
}

/// A client that takes any certificate: the scanner looks at services, it does not rely on them.
/// `stapled` becomes true when an OCSP response comes with it.
fn any_certificate_config(stapled: Arc<AtomicBool>) -> Option<rustls::ClientConfig> {
    static PROVIDER: LazyLock<Arc<rustls::crypto::CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    let provider = Arc::clone(&PROVIDER);
    let verifier = Arc::new(AnyCertificate { provider: Arc::clone(&provider), stapled });
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12, &rustls::version::TLS13])
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Some(config)
}

#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<rustls::crypto::CryptoProvider>,
    stapled: Arc<AtomicBool>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.stapled.store(!ocsp_response.is_empty(), Ordering::Relaxed);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
