//! `user.php`: makes users, edits them, switches them on and off.

use palisade_app::{CreateUser, NewAccount};
use palisade_model::{InterfaceStyle, Role, TimeZoneCode, UserEdit, UserProfile};
use palisade_wire::date_time::date_time;
use palisade_wire::{Arguments, Call, ErrorForm, Example, Parameter, ParameterError, ParameterKind, dtd};

use crate::answer::{Answer, OwnReturn};
use crate::error::{CallError, Refusal};
use crate::registry::CallRequest;

const NAME: ParameterKind = ParameterKind::Text { max_chars: 256 };

pub const ACTION: Parameter = Parameter::new(
    "action",
    ParameterKind::Choice(&["add", "edit", "activate", "deactivate"]),
    "add",
    "What to do.",
)
.required();
pub const LOGIN: Parameter = Parameter::new(
    "login",
    ParameterKind::Text { max_chars: 64 },
    "acme_ab1",
    "The user. Required by all actions but add, which does not take it.",
);
pub const USER_ROLE: Parameter = Parameter::new(
    "user_role",
    ParameterKind::Choice(Role::WORDS),
    "scanner",
    "The role. Required by add; it cannot be changed later. Only Managers make Managers and administrators.",
);
pub const BUSINESS_UNIT: Parameter = Parameter::new(
    "business_unit",
    NAME,
    "Unassigned",
    "Unassigned, or the title of a business unit. Managers, administrators and Auditors are in Unassigned, \
     a Unit Manager is in a unit. Required by add; it cannot be changed later.",
);
pub const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Text { max_chars: 4_096 },
    "Servers",
    "Titles of the asset groups assigned to a Scanner, Reader or Contact, separated by commas. Those of a \
     user in a business unit are groups of the unit. With edit they replace the old ones, and an empty \
     text takes all groups from the user.",
);
pub const FIRST_NAME: Parameter = Parameter::new("first_name", NAME, "Ada", "Required by add.");
pub const LAST_NAME: Parameter = Parameter::new("last_name", NAME, "Brown", "Required by add.");
pub const TITLE: Parameter = Parameter::new("title", NAME, "Analyst", "Required by add.");
pub const EMAIL: Parameter =
    Parameter::new("email", NAME, "ada@acme.example", "The mail address. Required by add.");
pub const ADDRESS1: Parameter = Parameter::new("address1", NAME, "1 Main Street", "Required by add.");
pub const CITY: Parameter = Parameter::new("city", NAME, "Springfield", "Required by add.");
pub const COUNTRY: Parameter =
    Parameter::new("country", NAME, "France", "The country's full name. Required by add.");
pub const STATE: Parameter = Parameter::new(
    "state",
    NAME,
    "Oregon",
    "Required by add for United States of America, Australia, Canada and India.",
);
pub const PHONE: Parameter = Parameter::new("phone", NAME, "+1 555 0100", "The telephone number.");
pub const FAX: Parameter = Parameter::new("fax", NAME, "+1 555 0101", "The fax number.");
pub const ADDRESS2: Parameter =
    Parameter::new("address2", NAME, "Room 101", "The second line of the address.");
pub const ZIP_CODE: Parameter =
    Parameter::new("zip_code", NAME, "97477", "The ZIP code.").default("the caller's, with add");
pub const EXTERNAL_ID: Parameter = Parameter::new(
    "external_id",
    NAME,
    "E-100",
    "The user's name in another system; case matters. An empty text removes it.",
);
pub const TIME_ZONE_CODE: Parameter = Parameter::new(
    "time_zone_code",
    ParameterKind::Text { max_chars: 16 },
    "US-OR",
    "A code out of time_zone_code_list.php. An empty text stands for the browser's zone.",
);
pub const UI_INTERFACE_STYLE: Parameter = Parameter::new(
    "ui_interface_style",
    ParameterKind::Choice(InterfaceStyle::WORDS),
    "olive_green",
    "The colours of the user interface.",
)
.default("standard_blue, with add");
pub const SEND_EMAIL: Parameter = Parameter::new(
    "send_email",
    ParameterKind::ZeroOne,
    "0",
    "With add: 1 sends login and password by mail, 0 returns them. Not for a Contact.",
)
.default("1");

pub const CALL: Call = Call {
    script: "user.php",
    summary: "Add, edit, activate and deactivate users",
    description: &[
        "With action=add the service generates login and password. The new user is in Pending Activation \
         until the terms are accepted; a Contact is active at once, because a Contact cannot log in. With \
         action=edit the values given replace the old ones. Activate works on a user who is Inactive, \
         deactivate on one who is Active; nobody can do either to themselves.",
        "Mails go to the mail server of the installation. Without one they are written into the outbox folder of \
         the server, one file each.",
    ],
    parameters: &[
        ACTION,
        LOGIN,
        USER_ROLE,
        BUSINESS_UNIT,
        ASSET_GROUPS,
        FIRST_NAME,
        LAST_NAME,
        TITLE,
        EMAIL,
        PHONE,
        FAX,
        ADDRESS1,
        ADDRESS2,
        CITY,
        COUNTRY,
        STATE,
        ZIP_CODE,
        EXTERNAL_ID,
        TIME_ZONE_CODE,
        UI_INTERFACE_STYLE,
        SEND_EMAIL,
    ],
    rules: &[],
    roles: "Manager: all users. Administrator: all but Managers and administrators. Unit Manager: users of the \
            business unit.",
    root: "USER_OUTPUT",
    dtd: &dtd::USER_OUTPUT,
    errors: ErrorForm::ReturnInRoot,
    example: Example {
        parameters: &[
            ("action", "add"),
            ("user_role", "scanner"),
            ("business_unit", "Unassigned"),
            ("first_name", "Ada"),
            ("last_name", "Brown"),
            ("title", "Analyst"),
            ("email", "ada@acme.example"),
            ("address1", "1 Main Street"),
            ("city", "Paris"),
            ("country", "France"),
            ("send_email", "0"),
        ],
        description: "Make a Scanner, and show login and password.",
    },
};

/// What `add` cannot do without.
const REQUIRED_TO_ADD: [Parameter; 9] =
    [USER_ROLE, BUSINESS_UNIT, FIRST_NAME, LAST_NAME, TITLE, EMAIL, ADDRESS1, CITY, COUNTRY];
/// What only `add` takes.
const ONLY_TO_ADD: [Parameter; 3] = [USER_ROLE, BUSINESS_UNIT, SEND_EMAIL];
/// Countries whose addresses name a state.
const COUNTRIES_WITH_STATES: [&str; 4] = ["United States of America", "Australia", "Canada", "India"];

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let action = arguments.choice(&ACTION).unwrap_or_default();
    check_given(arguments, action)?;
    let login = arguments.text(&LOGIN).unwrap_or_default().trim();
    let (app, actor) = (&request.app, &request.actor);
    let (login, done, account) = match action {
        "add" => {
            let account = app.create_user(actor, new_user(arguments)?).await?;
            let answered = arguments.has(SEND_EMAIL.name) && !arguments.switch(&SEND_EMAIL);
            (account.login.clone(), "created", answered.then_some(account))
        }
        "edit" => {
            let groups = groups(arguments);
            (app.edit_user(actor, login, &user_edit(arguments)?, groups.as_deref()).await?, "updated", None)
        }
        "activate" => (app.switch_user(actor, login, true).await?, "activated", None),
        _ => (app.switch_user(actor, login, false).await?, "deactivated", None),
    };
    let answer = OwnReturn {
        api: CALL.script,
        username: request.actor.login.as_str(),
        at: &date_time(request.app.clock().now()),
        status: "SUCCESS",
        number: None,
        message: &format!("{login} user has been successfully {done}."),
    };
    let mut xml = request.document();
    xml.element(CALL.root, &[], |xml| {
        answer.write(xml, |_| {});
        if let Some(NewAccount { login, password }) = &account {
            xml.element("USER", &[], |xml| {
                xml.text("USER_LOGIN", login.as_str());
                xml.text("PASSWORD", password.reveal());
            });
        }
    });
    Ok(Answer::Document(xml.finish()))
}

/// Whether the action has what it needs and nothing that it does not take.
fn check_given(arguments: &Arguments, action: &str) -> Result<(), CallError> {
    let only = |parameter: &Parameter, value| ParameterError::OnlyWith {
        parameter: parameter.name,
        with: ACTION.name,
        value: Some(value),
    };
    let unwanted =
        CALL.parameters.iter().filter(|parameter| arguments.has(parameter.name)).find_map(|parameter| {
            let to_add = ONLY_TO_ADD.contains(parameter);
            match action {
                "add" => (*parameter == LOGIN).then(|| only(parameter, "edit")),
                _ if to_add => Some(only(parameter, "add")),
                "edit" => None,
                _ => (*parameter != LOGIN && *parameter != ACTION).then(|| only(parameter, "edit")),
            }
        });
    if let Some(error) = unwanted {
        return Err(error.into());
    }
    let missing =
        |parameter: &Parameter| arguments.written(parameter).is_none_or(|text| text.trim().is_empty());
    if action != "add" {
        return if missing(&LOGIN) {
            Err(ParameterError::Missing { parameter: LOGIN.name }.into())
        } else {
            check_edit(arguments)
        };
    }
    if let Some(parameter) = REQUIRED_TO_ADD.iter().find(|parameter| missing(parameter)) {
        return Err(ParameterError::Missing { parameter: parameter.name }.into());
    }
    let country = arguments.text(&COUNTRY).unwrap_or_default().trim();
    if missing(&STATE) && COUNTRIES_WITH_STATES.contains(&country) {
        return Err(ParameterError::Missing { parameter: STATE.name }.into());
    }
    if arguments.choice(&USER_ROLE) == Some("contact") && arguments.has(SEND_EMAIL.name) {
        let text = "Parameter 'send_email' cannot be used with 'user_role=contact'.";
        return Err(CallError::Refused(Refusal::new(5007, text)));
    }
    Ok(())
}

/// What a user cannot be without is not edited away.
fn check_edit(arguments: &Arguments) -> Result<(), CallError> {
    let emptied = REQUIRED_TO_ADD
        .iter()
        .find(|parameter| arguments.written(parameter).is_some_and(|text| text.trim().is_empty()));
    emptied.map_or(Ok(()), |parameter| {
        let text = format!("Invalid value for '{}' : . The value must not be empty.", parameter.name);
        Err(CallError::Refused(Refusal::new(5000, text)))
    })
}

fn new_user(arguments: &Arguments) -> Result<CreateUser, CallError> {
    let text = |parameter| arguments.text(parameter).unwrap_or_default().trim().to_owned();
    let role = arguments.choice(&USER_ROLE).and_then(|word| word.parse().ok()).unwrap_or(Role::Reader);
    Ok(CreateUser {
        role,
        business_unit: text(&BUSINESS_UNIT),
        asset_groups: groups(arguments).unwrap_or_default(),
        first_name: text(&FIRST_NAME),
        last_name: text(&LAST_NAME),
        email: text(&EMAIL),
        profile: UserProfile {
            external_id: text(&EXTERNAL_ID),
            title: text(&TITLE),
            phone: text(&PHONE),
            fax: text(&FAX),
            company: String::new(),
            address1: text(&ADDRESS1),
            address2: text(&ADDRESS2),
            city: text(&CITY),
            country: text(&COUNTRY),
            state: text(&STATE),
            zip_code: text(&ZIP_CODE),
            time_zone: time_zone(arguments)?.flatten(),
            interface_style: interface_style(arguments).unwrap_or_default(),
        },
        send_mail: !arguments.has(SEND_EMAIL.name) || arguments.switch(&SEND_EMAIL),
    })
}

fn user_edit(arguments: &Arguments) -> Result<UserEdit, CallError> {
    let text = |parameter| arguments.text(parameter).map(|text| text.trim().to_owned());
    Ok(UserEdit {
        first_name: text(&FIRST_NAME),
        last_name: text(&LAST_NAME),
        email: text(&EMAIL),
        external_id: text(&EXTERNAL_ID),
        title: text(&TITLE),
        phone: text(&PHONE),
        fax: text(&FAX),
        address1: text(&ADDRESS1),
        address2: text(&ADDRESS2),
        city: text(&CITY),
        country: text(&COUNTRY),
        state: text(&STATE),
        zip_code: text(&ZIP_CODE),
        time_zone: time_zone(arguments)?,
        interface_style: interface_style(arguments),
    })
}

fn interface_style(arguments: &Arguments) -> Option<InterfaceStyle> {
    arguments.choice(&UI_INTERFACE_STYLE).and_then(|word| word.parse().ok())
}

/// The zone, if one was given; an empty text is no zone.
#[expect(clippy::option_option, reason = "not given and given as none are different things")]
fn time_zone(arguments: &Arguments) -> Result<Option<Option<TimeZoneCode>>, CallError> {
    let Some(text) = arguments.text(&TIME_ZONE_CODE).map(str::trim) else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(None));
    }
    text.parse().map(|code| Some(Some(code))).map_err(|_| {
        let text = format!(
            "Invalid value for 'time_zone_code' : {text}. No such time zone; see time_zone_code_list.php."
        );
        CallError::Refused(Refusal::new(5000, text))
    })
}

/// The titles given, if the parameter is; none for an empty text.
fn groups(arguments: &Arguments) -> Option<Vec<String>> {
    let titles = arguments.text(&ASSET_GROUPS)?.split(',').map(str::trim);
    Some(titles.filter(|title| !title.is_empty()).map(str::to_owned).collect())
}
