//! Mails on their way to the mail server. They wait in the store, encrypted, so that they outlive a
//! restart and a mail server that is down: each is tried again after growing pauses, and given up
//! in the end, which the activity log then says.
//!
//! A mail is sent at least once: a server that dies between the mail server's answer and its own
//! note of it sends the mail again. The `Message-ID` stays the same.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::time::Duration;

use palisade_model::Timestamp;
use palisade_store::QueuedMail;

use crate::activity::ActivityEntry;
use crate::app::App;
use crate::error::{Error, Result};
use crate::mail_server::{MailServer, MailServerError};
use crate::sealed::{seal, unseal};

/// What the key that mails are encrypted with is for.
const PURPOSE: &str = "mail queue";
/// Most mails that wait.
const MAILS_MAX: u64 = 10_000;
/// Nobody else takes a mail for this long; longer than all timeouts of a delivery together.
const TAKEN_S: i64 = 900;
/// The first pause, in seconds; each is twice the one before.
const FIRST_PAUSE_S: i64 = 60;
/// Attempts before a mail is given up: eight and a half hours after the first.
const ATTEMPTS_MAX: u64 = 10;
/// How often mails that are due are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(15);

impl App {
    /// Puts a mail, written as it goes over the wire, into the queue. It is stored when this returns.
    pub(crate) async fn queue_mail(&self, to: &str, mail: &str) -> Result<()> {
        let parts = &self.parts;
        let sealed = seal(parts.authentication.key(), PURPOSE, mail, parts.ids.as_ref());
        let sealed = sealed.ok_or(Error::Seal)?;
        if !self.store().queue_mail(to, &sealed, self.clock().now(), MAILS_MAX).await? {
            return Err(Error::TooManyMails { max: MAILS_MAX });
        }
        parts.mail.notify_one();
        Ok(())
    }

    /// Sends queued mails until `stop` resolves; the one being sent then is sent first. Does nothing
    /// else than wait without a mail server.
    pub async fn send_mail_until(&self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        if self.parts.config.mail_server.is_none() {
            return stop.await;
        }
        loop {
            let pause = match self.send_due_mail().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => LOOK_EVERY,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the queue of mails cannot be read"
                    );
                    LOOK_EVERY
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.parts.mail.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tries to send the mail that is due the longest; `false` when none is, or there is no mail
    /// server.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]; what the mail server does wrong is no error here.
    pub async fn send_due_mail(&self) -> Result<bool> {
        let Some(server) = &self.parts.config.mail_server else { return Ok(false) };
        let now = self.clock().now();
        let Some(mail) = self.store().take_due_mail(now, later(now, TAKEN_S)).await? else {
            return Ok(false);
        };
        let Some(text) = unseal(self.parts.authentication.key(), PURPOSE, &mail.sealed) else {
            self.give_up(&mail, "it was encrypted under another master key").await?;
            return Ok(true);
        };
        match server.deliver(&self.parts.config.mail_from, &mail.recipient, &text).await {
            Ok(()) => {
                self.store().forget_mail(mail.id).await?;
                self.record_mail("sent", format!("to {}", mail.recipient), false).await?;
            }
            Err(error) => self.put_off(server, &mail, &error).await?,
        }
        Ok(true)
    }

    async fn put_off(&self, server: &MailServer, mail: &QueuedMail, error: &MailServerError) -> Result<()> {
        let attempts = mail.attempts + 1;
        tracing::warn!(error = chain(error), attempts, host = server.host, "a mail could not be sent");
        match pause_s(attempts) {
            Some(pause_s) => {
                let next_at = later(self.clock().now(), pause_s);
                Ok(self.store().put_off_mail(mail.id, attempts, next_at).await?)
            }
            None => self.give_up(mail, &chain(error)).await,
        }
    }

    async fn give_up(&self, mail: &QueuedMail, why: &str) -> Result<()> {
        self.store().forget_mail(mail.id).await?;
        self.record_mail("given up", format!("to {}: {why}", mail.recipient), true).await
    }

    async fn record_mail(&self, action: &str, details: String, refused: bool) -> Result<()> {
        self.record(ActivityEntry {
            login: None,
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            module: "mail".to_owned(),
            action: action.to_owned(),
            details,
            refused,
        })
        .await
    }
}

/// The pause after so many failed attempts; `None` when there is no further one.
fn pause_s(attempts: u64) -> Option<i64> {
    let doubled = u32::try_from(attempts).ok()?.checked_sub(1)?;
    (attempts < ATTEMPTS_MAX).then(|| FIRST_PAUSE_S << doubled)
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(now.as_second() + seconds).unwrap_or(now)
}

/// An error and what it comes from.
fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<i64> = (1..).map_while(pause_s).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360]);
        assert_eq!((pause_s(0), pause_s(u64::MAX)), (None, None));
    }
}
