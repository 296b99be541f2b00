//! Mails, and where they go: into the queue for the mail server, or, without one, as files into a
//! folder: one mail a file, in the format of RFC 5322, for its owner only, to be collected by
//! whoever runs the server.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use palisade_model::Timestamp;
use zeroize::Zeroizing;

use crate::app::{App, Config};
use crate::error::{Error, Result};

/// Longest mail address, as mail servers take it.
const ADDRESS_CHARACTERS_MAX: usize = 254;

/// A mail to one person. The text may hold a password.
pub(crate) struct Mail {
    /// Checked by [`check_address`].
    pub(crate) to: String,
    /// ASCII.
    pub(crate) subject: &'static str,
    pub(crate) text: Zeroizing<String>,
}

impl App {
    /// Refuses when mails cannot go anywhere.
    ///
    /// # Errors
    ///
    /// [`Error::NoOutbox`] when mails are not configured.
    pub(crate) fn check_outbox(&self) -> Result<()> {
        let Config { mail_server, outbox, .. } = &self.parts.config;
        if mail_server.is_some() || outbox.is_some() { Ok(()) } else { Err(Error::NoOutbox) }
    }

    /// Queues a mail or puts it into the outbox; it is there when this returns, even after a loss of
    /// power.
    pub(crate) async fn send_mail(&self, mail: Mail) -> Result<()> {
        let now = self.clock().now();
        let mut name = [0; 8];
        self.parts.ids.fill(&mut name);
        let name = format!("{}-{:016x}", now.strftime("%Y%m%dT%H%M%SZ"), u64::from_be_bytes(name));
        let text = composed(&mail, &name, &self.parts.config.mail_from, now);
        if self.parts.config.mail_server.is_some() {
            return self.queue_mail(&mail.to, &text).await;
        }
        let folder = self.parts.config.outbox.clone().ok_or(Error::NoOutbox)?;
        tokio::task::spawn_blocking(move || write_mail(&folder, &name, &text))
            .await
            .map_err(|error| Error::Outbox(io::Error::other(error)))?
            .map_err(Error::Outbox)
    }
}

/// Refuses what is no mail address, above all what could add a line to the head of a mail.
///
/// # Errors
///
/// [`Error::NotAMailAddress`].
pub fn check_address(address: &str) -> Result<()> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let is_address = address.len() <= ADDRESS_CHARACTERS_MAX
        && address.split_once('@').is_some_and(|(name, domain)| {
            [name, domain].iter().all(|part| !part.is_empty() && part.bytes().all(allowed))
        });
    if is_address { Ok(()) } else { Err(Error::NotAMailAddress { address: address.to_owned() }) }
}

fn write_mail(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = |suffix: &str| -> PathBuf { folder.join(format!("{name}.{suffix}")) };
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path("new"))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Whoever collects the mails never sees half of one.
    std::fs::rename(path("new"), path("eml"))
}

/// The mail as it goes over the wire; `name` tells it from all others.
fn composed(mail: &Mail, name: &str, from: &str, now: Timestamp) -> Zeroizing<String> {
    let Mail { to, subject, text } = mail;
    let domain = from.rsplit('@').next().unwrap_or("localhost");
    let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let mut composed = Zeroizing::new(format!(
        "Date: {date}\r\nMessage-ID: <{name}@{domain}>\r\nFrom: {from}\r\nTo: {to}\r\n\
         Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n"
    ));
    for line in text.lines() {
        composed.push_str(line);
        composed.push_str("\r\n");
    }
    composed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_break_out_of_a_line_is_no_address() {
        for address in ["ada@example.test", "a.b+c@x-y.example"] {
            assert!(check_address(address).is_ok(), "{address}");
        }
        let long = format!("{}@example.test", "a".repeat(250));
        for address in
            ["", "ada", "@x", "ada@", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "a@b,c@d", "ä@b", long.as_str()]
        {
            assert!(check_address(address).is_err(), "{address:?}");
        }
    }

    #[test]
    fn a_mail_is_a_head_and_a_text() {
        let text = Zeroizing::new("Grüße\nzwei".to_owned());
        let mail = Mail { to: "ada@example.test".to_owned(), subject: "A subject", text };
        let composed = composed(&mail, "one", "palisade@scans.example", Timestamp::UNIX_EPOCH);
        assert_eq!(
            composed.as_str(),
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <one@scans.example>\r\n\
             From: palisade@scans.example\r\nTo: ada@example.test\r\nSubject: A subject\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\nzwei\r\n"
        );
    }
}
