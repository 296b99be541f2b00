//! Report templates: who sees which, and how they are made, changed and deleted: by users those of their
//! own, by Managers all, and by local administration (the command line).

use palisade_model::report_template::{HostTemplate, ITEMS_MAX, TITLE_CHARACTERS_MAX};
use palisade_model::{
    Action, Login, Resource, Role, TemplateFamily, TemplateKind, TemplateSelection, Timestamp,
};
use palisade_store::{Reach, ReportTemplate, TemplateChoice};

use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, Result, check_length};

/// Most templates of a subscription.
const TEMPLATES_MAX: usize = 10_000;
/// Longest text that is kept for documents for people.
const KEPT_CHARACTERS_MAX: usize = 10_000;
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
    /// Whether reports on maps have only hosts that are not in the subscription.
    pub unknown_only: bool,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChooseTemplate {
    pub title: String,
    /// What it is about; of a template that there is, it stays.
    pub kind: TemplateKind,
    pub selection: TemplateSelection,
    /// Whether everybody may use it.
    pub is_global: bool,
    pub content: HostTemplate,
    /// Whether reports on maps have only hosts that are not in the subscription.
    pub unknown_only: bool,
}

impl ChooseTemplate {
    /// A new template of a family.
    #[must_use]
    pub fn of(family: TemplateFamily) -> Self {
        let (kind, selection) = family.kind();
        Self {
            title: String::new(),
            kind,
            selection,
            is_global: false,
            content: HostTemplate::default(),
            unknown_only: false,
        }
    }
}

impl Default for ChooseTemplate {
    /// A template of reports on hosts from their history.
    fn default() -> Self {
        Self::of(TemplateFamily::Scan)
    }
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

    /// Makes a template, owned by the caller, and gives its id.
    ///
    /// # Errors
    ///
    /// Beside permission: those of [`App::add_report_template`]; [`Error::GlobalTemplate`] for those who may
    /// not make one for everybody; [`Error::UnknownSearchList`], [`Error::UnknownAssetGroup`].
    pub async fn create_report_template(&self, actor: &Actor, choice: ChooseTemplate) -> Result<i64> {
        let _own = actor.allow(Action::Add, Resource::ReportTemplate)?.reach();
        self.check_template_names(actor, &choice.content).await?;
        refuse_global(actor, choice.is_global)?;
        let choice = checked(choice)?;
        self.check_template_count().await?;
        let now = self.clock().now();
        let added = self.store().add_report_template(&choice, Some(&actor.login), now).await;
        let id = added.map_err(|error| taken(error, &choice.title))?;
        self.record_done(actor, "report_template", "create", format!("{id}, {}", choice.title)).await?;
        Ok(id)
    }

    /// Changes a template of a family within the caller's reach by what `change` makes of it.
    ///
    /// # Errors
    ///
    /// Those of [`App::create_report_template`]; [`Error::UnknownReportTemplate`], also for templates of
    /// other families; [`Error::Conflict`] when somebody else changed it meanwhile.
    pub async fn update_report_template(
        &self,
        actor: &Actor,
        id: i64,
        family: TemplateFamily,
        change: impl FnOnce(&mut ChooseTemplate) + Send,
    ) -> Result<()> {
        let reach = actor.allow(Action::Edit, Resource::ReportTemplate)?.reach();
        let known = self.own_template(&reach, id, family).await?;
        let was_global = known.is_global;
        let (mut choice, read_at) = chosen(known);
        let kind = choice.kind;
        change(&mut choice);
        choice.kind = kind;
        self.check_template_names(actor, &choice.content).await?;
        refuse_global(actor, choice.is_global && !was_global)?;
        let title = self.store_template(id, choice, read_at).await?;
        self.record_done(actor, "report_template", "update", format!("{id}, {title}")).await
    }

    /// Deletes a template of a family within the caller's reach.
    ///
    /// # Errors
    ///
    /// Beside permission: [`Error::UnknownReportTemplate`].
    pub async fn drop_report_template(&self, actor: &Actor, id: i64, family: TemplateFamily) -> Result<()> {
        let reach = actor.allow(Action::Delete, Resource::ReportTemplate)?.reach();
        let known = self.own_template(&reach, id, family).await?;
        if !self.store().delete_report_template(id).await? {
            return Err(Error::UnknownReportTemplate { id });
        }
        self.record_done(actor, "report_template", "delete", format!("{id}, {}", known.title)).await
    }

    /// A template that the caller may change.
    async fn own_template(&self, reach: &Reach, id: i64, family: TemplateFamily) -> Result<ReportTemplate> {
        let template = self.store().report_template(id).await?;
        let is_own = |template: &ReportTemplate| match reach {
            Reach::Everything => true,
            Reach::Assigned { login, .. } | Reach::Own { login } => template.owner.as_ref() == Some(login),
            Reach::Nothing => false,
        };
        let of_family =
            |template: &ReportTemplate| TemplateFamily::of(template.kind, template.selection) == Some(family);
        let own = template.filter(|template| is_own(template) && of_family(template));
        own.ok_or(Error::UnknownReportTemplate { id })
    }

    /// Refuses a content that names what the caller does not see.
    async fn check_template_names(&self, actor: &Actor, content: &HostTemplate) -> Result<()> {
        let HostTemplate { target, filter, .. } = content;
        for lists in [&filter.search_lists, &filter.excluded_search_lists] {
            if !lists.is_empty() {
                self.qids_of_search_lists(actor, lists, &[]).await?;
            }
        }
        if !target.asset_groups.is_empty() {
            self.asset_group_ips(actor, &target.asset_groups).await?;
        }
        Ok(())
    }

    async fn check_template_count(&self) -> Result<()> {
        if self.store().list_report_templates().await?.len() >= TEMPLATES_MAX {
            return Err(Error::TooManyReportTemplates { max: TEMPLATES_MAX });
        }
        Ok(())
    }

    /// Stores what a template is to become, unless it was changed since it was read; gives its title.
    async fn store_template(&self, id: i64, choice: ChooseTemplate, read_at: Timestamp) -> Result<String> {
        let choice = checked(choice)?;
        // Every change moves the time on, so that a change of what was read before is noticed.
        let next = Timestamp::from_microsecond(read_at.as_microsecond() + 1).unwrap_or(read_at);
        let now = self.clock().now().max(next);
        let edited = self.store().edit_report_template(id, &choice, read_at, now).await;
        if !edited.map_err(|error| taken(error, &choice.title))? {
            return Err(Error::Conflict);
        }
        Ok(choice.title)
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
        self.check_template_count().await?;
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
        let (mut choice, read_at) = chosen(known);
        change(&mut choice);
        let title = self.store_template(id, choice, read_at).await?;
        self.record_local("report_template_edit", format!("{id}, {title}")).await
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
                tickets_by: _, // shows in the title
                unknown_only,
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
                unknown_only,
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

/// Templates for everybody are the Managers' to make.
fn refuse_global(actor: &Actor, is_global: bool) -> Result<()> {
    if is_global && actor.role != Role::Manager { Err(Error::GlobalTemplate) } else { Ok(()) }
}

/// What a template says, for changing it, and when it was changed last.
fn chosen(template: ReportTemplate) -> (ChooseTemplate, Timestamp) {
    let ReportTemplate { title, kind, selection, is_global, content, unknown_only, updated_at, .. } =
        template;
    (ChooseTemplate { title, kind, selection, is_global, content, unknown_only }, updated_at)
}

fn checked(choice: ChooseTemplate) -> Result<TemplateChoice> {
    let ChooseTemplate { title, kind, selection, is_global, content, unknown_only } = choice;
    let title = title.trim().to_owned();
    check_length("title", &title, TITLE_CHARACTERS_MAX)?;
    if title.is_empty() {
        return Err(Error::EmptyTitle);
    }
    let HostTemplate { target, filter, display: _, kept } = &content;
    for text in kept.values() {
        check_length("report template", text, KEPT_CHARACTERS_MAX)?;
    }
    for length in [
        target.asset_groups.len(),
        target.ips.ranges().len(),
        filter.categories.len(),
        filter.qids.len(),
        filter.search_lists.len(),
        filter.excluded_qids.len(),
        filter.excluded_search_lists.len(),
        filter.operating_systems.len(),
    ] {
        if length > ITEMS_MAX {
            return Err(Error::TooManyTemplateItems { max: ITEMS_MAX });
        }
    }
    Ok(TemplateChoice { title, kind, selection, is_global, content, unknown_only })
}

fn taken(error: palisade_store::Error, title: &str) -> Error {
    match error {
        palisade_store::Error::Conflict => Error::TemplateTitleTaken { title: title.to_owned() },
        other => other.into(),
    }
}
