//! Report templates: who sees which, and how they are made, changed and deleted.
//!
//! Making and changing is local administration so far (the command line): no call of the API does it.

use palisade_model::report_template::{HostTemplate, ITEMS_MAX, TITLE_CHARACTERS_MAX};
use palisade_model::{Action, Login, Resource, TemplateKind, TemplateSelection, Timestamp};
use palisade_store::{Reach, ReportTemplate, TemplateChoice};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// Most templates of a subscription.
const TEMPLATES_MAX: usize = 10_000;
/// Shown as the owner of templates that every subscription starts with.
const SYSTEM: &str = "System";

/// A template as its users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTemplateView {
    pub id: i64,
    pub title: String,
    pub kind: TemplateKind,
    pub selection: TemplateSelection,
    pub owner: TemplateOwner,
    pub is_global: bool,
    pub content: HostTemplate,
    pub updated_at: Timestamp,
}

/// Who made a template. Texts are empty where the account is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateOwner {
    pub login: String,
    pub first_name: String,
    pub last_name: String,
}

/// A template to be made, or what it is to become.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChooseTemplate {
    pub title: String,
    /// Whether everybody may use it.
    pub is_global: bool,
    pub content: HostTemplate,
}

impl App {
    /// The templates that the caller may use, by id.
    pub async fn list_report_templates(&self, actor: &Actor) -> Result<Vec<ReportTemplateView>> {
        let reach = actor.allow(Action::List, Resource::ReportTemplate)?.reach();
        let mut templates = self.store().list_report_templates().await?;
        templates.retain(|template| is_visible(&reach, template));
        self.template_views(templates).await
    }

    /// The template with this id, if the caller may use it.
    pub(crate) async fn usable_report_template(&self, actor: &Actor, id: i64) -> Result<ReportTemplate> {
        let reach = actor.allow(Action::List, Resource::ReportTemplate)?.reach();
        let template = self.store().report_template(id).await?;
        template.filter(|template| is_visible(&reach, template)).ok_or(Error::UnknownReportTemplate { id })
    }

    /// All templates, by id. Local administration, as all that follows: nobody's permission is asked.
    pub async fn report_templates(&self) -> Result<Vec<ReportTemplateView>> {
        let templates = self.store().list_report_templates().await?;
        self.template_views(templates).await
    }

    /// Makes a template of reports on hosts, of the user with this login, and gives its id.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`], [`Error::TemplateTitleTaken`], [`Error::TooManyReportTemplates`],
    /// [`Error::TooManyTemplateItems`], and for a title that cannot be one.
    pub async fn add_report_template(&self, choice: ChooseTemplate, owner: Option<&Login>) -> Result<i64> {
        let choice = checked(choice)?;
        if let Some(login) = owner {
            self.store().user(login).await?.ok_or(Error::UnknownUser)?;
        }
        if self.store().list_report_templates().await?.len() >= TEMPLATES_MAX {
            return Err(Error::TooManyReportTemplates { max: TEMPLATES_MAX });
        }
        let added = self.store().add_report_template(&choice, owner, self.clock().now()).await;
        let id = added.map_err(|error| taken(error, &choice.title))?;
        self.record_local("report_template_add", format!("{id}, {}", choice.title)).await?;
        Ok(id)
    }

    /// Changes a template of reports on hosts by what `change` makes of it.
    ///
    /// # Errors
    ///
    /// Those of [`App::add_report_template`]; [`Error::UnknownReportTemplate`],
    /// [`Error::NotAHostTemplate`]; [`Error::Conflict`] when somebody else changed it meanwhile.
    pub async fn edit_report_template(
        &self,
        id: i64,
        change: impl FnOnce(&mut ChooseTemplate),
    ) -> Result<()> {
        let known = self.store().report_template(id).await?.ok_or(Error::UnknownReportTemplate { id })?;
        refuse_other_kinds(&known)?;
        let ReportTemplate { title, is_global, content, updated_at, .. } = known;
        let mut choice = ChooseTemplate { title, is_global, content };
        change(&mut choice);
        let choice = checked(choice)?;
        // Every change moves the time on, so that a change of what was read before is noticed.
        let next = Timestamp::from_microsecond(updated_at.as_microsecond() + 1).unwrap_or(updated_at);
        let now = self.clock().now().max(next);
        let edited = self.store().edit_report_template(id, &choice, updated_at, now).await;
        if !edited.map_err(|error| taken(error, &choice.title))? {
            return Err(Error::Conflict);
        }
        self.record_local("report_template_edit", format!("{id}, {}", choice.title)).await
    }

    /// Deletes a template.
    pub async fn delete_report_template(&self, id: i64) -> Result<()> {
        if !self.store().delete_report_template(id).await? {
            return Err(Error::UnknownReportTemplate { id });
        }
        self.record_local("report_template_delete", id.to_string()).await
    }

    async fn template_views(&self, templates: Vec<ReportTemplate>) -> Result<Vec<ReportTemplateView>> {
        let users = self.store().list_users().await?;
        let owner = |login: Option<Login>| match login {
            None => TemplateOwner {
                login: SYSTEM.to_owned(),
                first_name: SYSTEM.to_owned(),
                last_name: String::new(),
            },
            Some(login) => {
                let user = users.iter().find(|user| user.login == login);
                let name = |text: Option<&String>| text.cloned().unwrap_or_default();
                TemplateOwner {
                    first_name: name(user.map(|user| &user.first_name)),
                    last_name: name(user.map(|user| &user.last_name)),
                    login: login.to_string(),
                }
            }
        };
        let view = |template: ReportTemplate| {
            let ReportTemplate {
                id,
                title,
                kind,
                selection,
                owner: login,
                is_global,
                content,
                tickets_by: _, // these two show in the title
                unknown_only: _,
                updated_at,
            } = template;
            ReportTemplateView {
                id,
                title,
                kind,
                selection,
                owner: owner(login),
                is_global,
                content,
                updated_at,
            }
        };
        Ok(templates.into_iter().map(view).collect())
    }
}

/// Whether somebody with this reach may use the template: it is for everybody, or their own.
/// Whoever sees nothing but compliance may use the templates of that kind.
fn is_visible(reach: &Reach, template: &ReportTemplate) -> bool {
    let is_own = |login: &Login| template.owner.as_ref() == Some(login);
    match reach {
        Reach::Everything => true,
        Reach::Assigned { login, .. } | Reach::Own { login } => template.is_global || is_own(login),
        Reach::Nothing => {
            template.is_global && matches!(template.kind, TemplateKind::Compliance | TemplateKind::Policy)
        }
    }
}

/// Refuses templates of anything but automatic reports on hosts.
pub(crate) fn refuse_other_kinds(template: &ReportTemplate) -> Result<()> {
    let ReportTemplate { kind, selection, title, .. } = template;
    if (*kind, *selection) == (TemplateKind::Scan, TemplateSelection::Automatic) {
        Ok(())
    } else {
        Err(Error::NotAHostTemplate { title: title.clone() })
    }
}

fn checked(choice: ChooseTemplate) -> Result<TemplateChoice> {
    let ChooseTemplate { title, is_global, content } = choice;
    let title = title.trim().to_owned();
    check_length("title", &title, TITLE_CHARACTERS_MAX)?;
    if title.is_empty() {
        return Err(Error::EmptyTitle);
    }
    let HostTemplate { target, filter, display: _ } = &content;
    for length in [
        target.asset_groups.len(),
        target.ips.ranges().len(),
        filter.categories.len(),
        filter.qids.len(),
        filter.excluded_qids.len(),
        filter.operating_systems.len(),
    ] {
        if length > ITEMS_MAX {
            return Err(Error::TooManyTemplateItems { max: ITEMS_MAX });
        }
    }
    Ok(TemplateChoice { title, is_global, content })
}

fn taken(error: palisade_store::Error, title: &str) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::TemplateTitleTaken { title: title.to_owned() },
        other => other.into(),
    }
}
