//! The mail server, from the settings.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use palisade_app::{MailSecurity, MailServer, MailServerError};
use palisade_model::user::Password;
use zeroize::Zeroizing;

use crate::settings::Settings;

/// Why the mail server cannot be used as it is set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailSettingsError {
    #[error("{} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("mail_login and mail_password_file are needed together")]
    HalfALogin,
    #[error("mail_security = none is for a mail server on loopback; {host} is not")]
    ClearBeyondLoopback { host: String },
    #[error("the connection to the mail server cannot be set up")]
    Server(#[source] MailServerError),
}

/// The mail server, if there is to be one.
pub(crate) fn read(settings: &Settings) -> Result<Option<MailServer>, MailSettingsError> {
    let Some(address) = &settings.mail_server else { return Ok(None) };
    let security = match settings.mail_security.as_str() {
        "tls" => MailSecurity::Tls,
        "none" => MailSecurity::None,
        _ => MailSecurity::StartTls,
    };
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if security == MailSecurity::None && !is_loopback {
        return Err(MailSettingsError::ClearBeyondLoopback { host: host.to_owned() });
    }
    let login = match (&settings.mail_login, &settings.mail_password_file) {
        (Some(login), Some(path)) => Some((login.clone(), read_password(path)?)),
        (None, None) => None,
        _ => return Err(MailSettingsError::HalfALogin),
    };
    let certificates = settings.mail_certificate.as_ref().map(|path| {
        std::fs::read(path).map_err(|source| MailSettingsError::Unreadable { path: path.clone(), source })
    });
    let server = MailServer {
        host: host.to_owned(),
        port: port.parse().unwrap_or(security.port()),
        security,
        login,
        certificates: certificates.transpose()?,
    };
    server.check().map_err(MailSettingsError::Server)?;
    Ok(Some(server))
}

fn read_password(path: &Path) -> Result<Password, MailSettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| MailSettingsError::Unreadable { path: path.to_owned(), source })?;
    let text = Zeroizing::new(text);
    Ok(Password::new(text.lines().next().unwrap_or_default().to_owned()))
}
