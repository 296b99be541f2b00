//! `user_list.php`: the users of the subscription.

use palisade_app::{ListUsers, ListedUser, UserView};
use palisade_model::business_unit::UNASSIGNED;
use palisade_model::{Permission, UserProfile};
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, Rule, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const EXTERNAL_ID_CONTAINS: Parameter = Parameter::new(
    "external_id_contains",
    ParameterKind::Text { max_chars: 256 },
    "E-10",
    "Only users whose external ID contains this text; case matters. An empty text is no filter.",
);
pub const EXTERNAL_ID_ASSIGNED: Parameter = Parameter::new(
    "external_id_assigned",
    ParameterKind::ZeroOne,
    "1",
    "1 lists only users with an external ID, 0 only those without.",
);
pub const SHOW_ACCESS_PERMISSIONS: Parameter = Parameter::new(
    "show_access_permissions",
    ParameterKind::ZeroOne,
    "1",
    "1 also tells by which ways each user may come in.",
)
.default("0");

pub const CALL: Call = Call {
    script: "user_list.php",
    summary: "List users",
    description: &[
        "Lists the users that the caller may see, by login, with the asset groups assigned to them; for a \
         Unit Manager these are the groups of the business unit. When a user was last there is shown to \
         Managers and Unit Managers only.",
        "PERMISSIONS tells what the user may do beyond the role; a Manager may all of it. It is granted on the \
         command line. No mail is sent besides those with passwords, which the notifications say.",
    ],
    parameters: &[EXTERNAL_ID_CONTAINS, EXTERNAL_ID_ASSIGNED, SHOW_ACCESS_PERMISSIONS],
    rules: &[Rule::Exclusive(&[EXTERNAL_ID_CONTAINS.name, EXTERNAL_ID_ASSIGNED.name])],
    roles: "Manager: all users. Administrator: all but Managers and other administrators. Unit Manager: users \
            of the business unit.",
    root: "USER_LIST_OUTPUT",
    dtd: &dtd::USER_LIST_OUTPUT,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example {
        parameters: &[("external_id_assigned", "1")],
        description: "List the users that have an external ID.",
    },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let assigned = arguments.has(EXTERNAL_ID_ASSIGNED.name);
    let wanted = ListUsers {
        external_id_contains: arguments.text(&EXTERNAL_ID_CONTAINS).map(str::to_owned),
        external_id_assigned: assigned.then(|| arguments.switch(&EXTERNAL_ID_ASSIGNED)),
    };
    let users = request.app.list_users_in_sight(&request.actor, &wanted).await?;
    let access = arguments.switch(&SHOW_ACCESS_PERMISSIONS);
    let mut xml = request.document();
    xml.open("USER_LIST_OUTPUT", &[]);
    xml.element("USER_LIST", &[], |xml| {
        for user in &users {
            write_user(xml, user, access);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_user(xml: &mut XmlWriter, listed: &ListedUser, access: bool) {
    let ListedUser { user, manager_poc, unit_manager_poc, shows_last_login } = listed;
    xml.element("USER", &[], |xml| {
        xml.text("USER_LOGIN", user.login.as_str());
        xml.text("USER_ID", &user.id.to_string());
        if !user.profile.external_id.is_empty() {
            xml.cdata("EXTERNAL_ID", &user.profile.external_id);
        }
        write_contact(xml, user);
        xml.list("ASSIGNED_ASSET_GROUPS", &user.asset_groups, |xml, title| {
            xml.cdata("ASSET_GROUP_TITLE", title);
        });
        xml.text("USER_STATUS", user.status.as_str());
        xml.text("CREATION_DATE", &date_time(user.created_at));
        if *shows_last_login {
            let last_login = user.last_login_at.map_or_else(|| "N/A".to_owned(), date_time);
            xml.text("LAST_LOGIN_DATE", &last_login);
        }
        xml.text("USER_ROLE", user.role.title());
        xml.cdata("BUSINESS_UNIT", user.business_unit.as_deref().unwrap_or(UNASSIGNED));
        flag(xml, "UNIT_MANAGER_POC", *unit_manager_poc);
        flag(xml, "MANAGER_POC", *manager_poc);
        xml.text("UI_INTERFACE_STYLE", user.profile.interface_style.as_str());
        write_rights(xml, user, access);
    });
}

fn write_contact(xml: &mut XmlWriter, user: &UserView) {
    let UserProfile {
        external_id: _,
        title,
        phone,
        fax,
        company,
        address1,
        address2,
        city,
        country,
        state,
        zip_code,
        time_zone,
        interface_style: _,
    } = &user.profile;
    xml.element("CONTACT_INFO", &[], |xml| {
        xml.cdata("FIRSTNAME", &user.first_name);
        xml.cdata("LASTNAME", &user.last_name);
        xml.cdata("TITLE", title);
        xml.cdata("PHONE", phone);
        xml.cdata("FAX", fax);
        xml.cdata("EMAIL", &user.email);
        xml.cdata("COMPANY", company);
        xml.cdata("ADDRESS1", address1);
        xml.cdata("ADDRESS2", address2);
        xml.cdata("CITY", city);
        xml.text("COUNTRY", country);
        xml.text("STATE", state);
        xml.cdata("ZIP_CODE", zip_code);
        xml.cdata("TIME_ZONE_CODE", time_zone.map_or("Auto", palisade_model::TimeZoneCode::as_str));
    });
}

/// What the user may, and the mails they get.
fn write_rights(xml: &mut XmlWriter, user: &UserView, access: bool) {
    let may = |permission| user.permissions.allow(user.role, permission);
    xml.element("PERMISSIONS", &[], |xml| {
        flag(xml, "CREATE_OPTION_PROFILES", may(Permission::CreateOptionProfiles));
        flag(xml, "PURGE_INFO", may(Permission::PurgeHosts));
        flag(xml, "ADD_ASSETS", may(Permission::AddAssets));
        flag(xml, "EDIT_REMEDIATION_POLICY", may(Permission::EditRemediationPolicy));
        flag(xml, "EDIT_AUTH_RECORDS", may(Permission::EditAuthRecords));
    });
    xml.element("NOTIFICATIONS", &[], |xml| {
        xml.text("LATEST_VULN", "none");
        xml.text("MAP", "none");
        xml.text("SCAN", "none");
        flag(xml, "DAILY_TICKETS", false);
    });
    if access {
        xml.element("ACCESS_PERMISSIONS", &[], |xml| {
            // There is no user interface to come in by.
            flag(xml, "GUI", false);
            flag(xml, "API", user.role.may_log_in());
        });
    }
}

fn flag(xml: &mut XmlWriter, name: &str, on: bool) {
    xml.text(name, if on { "1" } else { "0" });
}
