//! The mail server that mails are handed to: SMTP, with a login if it wants one, over TLS from the
//! start or after STARTTLS.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use palisade_model::user::Password;

/// Longest wait for an answer of the mail server.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// How the connection is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// Begins in the clear, and goes on only after STARTTLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// In the clear, for a server on the same machine.
    None,
}

impl MailSecurity {
    /// The usual port.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Where mails are handed to, and as whom.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Name or address; with TLS the certificate must be for it.
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    pub login: Option<(String, Password)>,
    /// PEM of certificates that are trusted beside those of the machine.
    pub certificates: Option<Vec<u8>>,
}

/// Why mails cannot be handed over.
#[derive(Debug, thiserror::Error)]
pub enum MailServerError {
    #[error("the certificates cannot be read")]
    Certificates(#[source] lettre::transport::smtp::Error),
    #[error("TLS cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
    #[error("'{address}' is no address for a mail")]
    Address {
        address: String,
        #[source]
        source: lettre::address::AddressError,
    },
    #[error("the mail has no recipient")]
    Envelope(#[source] lettre::error::Error),
    #[error("the mail server {host} did not take the mail")]
    Refused {
        host: String,
        #[source]
        source: lettre::transport::smtp::Error,
    },
}

impl MailServer {
    /// Checks what can be checked without a connection.
    ///
    /// # Errors
    ///
    /// [`MailServerError::Certificates`] or [`MailServerError::Tls`].
    pub fn check(&self) -> Result<(), MailServerError> {
        self.transport().map(|_| ())
    }

    /// Hands over one mail, written as it goes over the wire.
    pub(crate) async fn deliver(&self, from: &str, to: &str, mail: &str) -> Result<(), MailServerError> {
        let envelope = Envelope::new(Some(address(from)?), vec![address(to)?]);
        let envelope = envelope.map_err(MailServerError::Envelope)?;
        let sent = self.transport()?.send_raw(&envelope, mail.as_bytes()).await;
        sent.map(|_| ()).map_err(|source| MailServerError::Refused { host: self.host.clone(), source })
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailServerError> {
        let tls = match self.security {
            MailSecurity::None => Tls::None,
            MailSecurity::StartTls => Tls::Required(self.tls()?),
            MailSecurity::Tls => Tls::Wrapper(self.tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(ANSWER_TIMEOUT));
        if let Some((login, password)) = &self.login {
            builder = builder.credentials(Credentials::new(login.clone(), password.reveal().to_owned()));
        }
        Ok(builder.build())
    }

    fn tls(&self) -> Result<TlsParameters, MailServerError> {
        let mut parameters = TlsParameters::builder(self.host.clone());
        if let Some(pem) = &self.certificates {
            let certificate = Certificate::from_pem(pem).map_err(MailServerError::Certificates)?;
            parameters = parameters.add_root_certificate(certificate);
        }
        parameters.build_rustls().map_err(MailServerError::Tls)
    }
}

fn address(text: &str) -> Result<Address, MailServerError> {
    text.parse().map_err(|source| MailServerError::Address { address: text.to_owned(), source })
}
