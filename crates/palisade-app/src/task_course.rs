//! What scheduled tasks do between a start and an end, and before a start: scans pause and go on at their
//! times, and people are told. Distribution groups, whose people are told together.
//!
//! A turn, and the telling of a start, is taken by one server: it is done once, however many share a
//! database. A server that dies right after it has taken a telling has told nobody.

use std::collections::BTreeSet;

use palisade_model::{Login, Notifications, RunPause, Schedule, Timestamp};
use palisade_store::{DistributionGroup, RunCourse, TaskNotice, Turned};
use zeroize::Zeroizing;

use crate::app::App;
use crate::error::{Error, Result, check_length};
use crate::outbox::{Mail, check_address};
use crate::scheduled_task::described;
use crate::scheduler::{LOOK_MAX, Look, SUBJECT, told};

/// When a turn that cannot be taken yet is tried again, in seconds.
const RETRY_S: i64 = 60;
/// Most distribution groups of a subscription, and addresses of one.
const GROUPS_MAX: usize = 1_000;
const ADDRESSES_MAX: usize = 100;
const TITLE_CHARACTERS_MAX: usize = 100;
/// Most people who are told of one thing.
const PEOPLE_MAX: usize = 1_000;

/// When what starts now ends, pauses and goes on.
pub(crate) fn course_from<'a>(
    now: Timestamp,
    schedule: &Schedule,
    notifications: Option<&'a Notifications>,
) -> RunCourse<'a> {
    let hours = |pause: RunPause| pause.resume_in_hours();
    RunCourse {
        end_at: schedule.end_after().and_then(|minutes| minutes_after(now, minutes)),
        pause_at: schedule.pause.and_then(|pause| minutes_after(now, u32::from(pause.after_mins()))),
        resume_at: schedule.pause.and_then(hours).and_then(|hours| minutes_after(now, u32::from(hours) * 60)),
        notifications,
    }
}

fn minutes_after(at: Timestamp, minutes: u32) -> Option<Timestamp> {
    Timestamp::from_microsecond(at.as_microsecond() + i64::from(minutes) * 60_000_000).ok()
}

impl App {
    /// Pauses and resumes what is to be paused and resumed by now.
    pub(crate) async fn take_due_turns(&self) -> Result<Look> {
        let now = self.clock().now();
        let retry_at = Timestamp::from_second(now.as_second() + RETRY_S).unwrap_or(now);
        let turns = self.store().list_due_turns(now, LOOK_MAX).await?;
        for turn in &turns {
            let action = match self.store().take_turn(turn, now, retry_at).await? {
                Turned::Paused => "pause",
                Turned::Resumed => "resume",
                Turned::Later | Turned::Over | Turned::Gone => continue,
            };
            self.announce_change();
            let details = format!("{}, {}", turn.reference, described(turn.task_id, &turn.title));
            self.record_for(&turn.owner, action, details, false).await?;
        }
        Ok(Look::of(turns.len()))
    }

    /// Tells of starts that are near.
    pub(crate) async fn tell_of_starts(&self) -> Result<Look> {
        let notices = self.store().list_task_notices(self.clock().now(), LOOK_MAX).await?;
        for notice in &notices {
            if self.store().take_task_notice(notice).await? {
                let TaskNotice { owner, notifications, .. } = notice;
                self.tell(owner, &notifications.groups, &announcement(notice)).await;
            }
        }
        Ok(Look::of(notices.len()))
    }

    /// Mails to the owner of a task and to the people of distribution groups, each once, where mails are sent
    /// and they have addresses. What cannot be mailed holds nothing up.
    pub(crate) async fn tell(&self, owner: &Login, groups: &[i64], text: &str) {
        let sent = async {
            for to in self.people(owner, groups).await? {
                let text = Zeroizing::new(text.to_owned());
                self.send_mail(Mail { to, subject: SUBJECT, text }).await?;
            }
            Ok(())
        };
        match sent.await {
            Ok(()) | Err(Error::NoOutbox) => {}
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, %owner, "not everybody could be told of a scheduled task by mail");
            }
        }
    }

    /// Addresses of the owner and of the people of the groups. Groups that are gone have nobody.
    async fn people(&self, owner: &Login, groups: &[i64]) -> Result<BTreeSet<String>> {
        let user = self.store().user(owner).await?;
        let mut people: BTreeSet<String> =
            user.map(|user| user.email).filter(|email| check_address(email).is_ok()).into_iter().collect();
        if groups.is_empty() {
            return Ok(people);
        }
        let known = self.store().list_distribution_groups().await?;
        let named = known.into_iter().filter(|group| groups.contains(&group.id));
        let addresses = named.flat_map(|group| group.addresses);
        people.extend(addresses.take(PEOPLE_MAX));
        Ok(people)
    }

    /// Refuses distribution groups that are not there.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDistributionGroup`].
    pub(crate) async fn check_distribution_groups(&self, ids: &[i64]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let known = self.store().list_distribution_groups().await?;
        match ids.iter().find(|id| !known.iter().any(|group| group.id == **id)) {
            Some(id) => Err(Error::UnknownDistributionGroup { id: *id }),
            None => Ok(()),
        }
    }

    /// All distribution groups, by id. Local administration, as all that follows.
    pub async fn list_distribution_groups(&self) -> Result<Vec<DistributionGroup>> {
        Ok(self.store().list_distribution_groups().await?)
    }

    /// Makes a distribution group and gives its id.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyTitle`], [`Error::NotAMailAddress`], [`Error::TooManyAddresses`],
    /// [`Error::DistributionGroupTaken`], [`Error::TooManyDistributionGroups`].
    pub async fn add_distribution_group(&self, title: &str, addresses: &[String]) -> Result<i64> {
        let title = title.trim();
        if title.is_empty() {
            return Err(Error::EmptyTitle);
        }
        check_length("title", title, TITLE_CHARACTERS_MAX)?;
        check_addresses(addresses)?;
        if self.store().list_distribution_groups().await?.len() >= GROUPS_MAX {
            return Err(Error::TooManyDistributionGroups { max: GROUPS_MAX });
        }
        let added = self.store().add_distribution_group(title, addresses).await;
        let id = added.map_err(|error| match error {
            palisade_store::Error::Conflict => Error::DistributionGroupTaken { title: title.to_owned() },
            other => other.into(),
        })?;
        self.record_local("distribution_group_add", format!("{id}, {title}")).await?;
        Ok(id)
    }

    /// Gives a distribution group other addresses.
    ///
    /// # Errors
    ///
    /// Those of [`App::add_distribution_group`], and [`Error::UnknownDistributionGroup`].
    pub async fn edit_distribution_group(&self, id: i64, addresses: &[String]) -> Result<()> {
        check_addresses(addresses)?;
        if !self.store().edit_distribution_group(id, addresses).await? {
            return Err(Error::UnknownDistributionGroup { id });
        }
        self.record_local("distribution_group_edit", id.to_string()).await
    }

    /// Deletes a distribution group. Tasks that name it tell nobody in its place.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDistributionGroup`].
    pub async fn delete_distribution_group(&self, id: i64) -> Result<()> {
        if !self.store().delete_distribution_group(id).await? {
            return Err(Error::UnknownDistributionGroup { id });
        }
        self.record_local("distribution_group_delete", id.to_string()).await
    }
}

fn check_addresses(addresses: &[String]) -> Result<()> {
    if addresses.len() > ADDRESSES_MAX {
        return Err(Error::TooManyAddresses { max: ADDRESSES_MAX });
    }
    addresses.iter().try_for_each(|address| check_address(address))
}

fn announcement(notice: &TaskNotice) -> String {
    let TaskNotice { task_id, title, launch_at, notifications, .. } = notice;
    let message = notifications.before.as_ref().map_or("", |before| before.message.as_str());
    format!(
        "The scheduled task {task_id} \"{title}\" will start on {}.\n{}",
        told(*launch_at),
        paragraph(message)
    )
}

/// What somebody wrote, after a blank line.
pub(crate) fn paragraph(message: &str) -> String {
    if message.trim().is_empty() { String::new() } else { format!("\n{}\n", message.trim()) }
}
