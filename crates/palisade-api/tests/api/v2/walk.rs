//! Walks the table of a resource: roles, scopes, and the examples of the guide.

use palisade_api::v2::registry::{self, Door, OperationRow};
use palisade_model::{Action, Role, Scope};

use crate::business_unit::harbour;
use crate::examples::{Shown, run};
use crate::permissions::Expected;
use crate::scopes::while_scanning;
use crate::support::http::{Request, Response, form};
use crate::support::{PASSWORD, Server, assert_valid_answer};
use crate::v2::{OperationTest, Parameters, Reach};

/// The row that a test is about.
#[track_caller]
pub(crate) fn row_of(test: &OperationTest) -> &'static OperationRow {
    let rows = registry::find(test.resource);
    let row = rows.into_iter().find(|row| row.operation.action == test.action);
    row.unwrap_or_else(|| panic!("{} {} is not registered", test.resource, test.action))
}

/// A request for the operation, with its document if it takes one, through whatever door it has.
pub(crate) async fn request(
    server: &Server,
    login: &str,
    row: &OperationRow,
    pairs: &[(&str, &str)],
) -> Request {
    let operation = row.operation;
    let mut request = Request::operation(operation.resource, operation.action, pairs);
    if operation.takes_document || !operation.methods.names().contains(&"POST") {
        let all = [&[("action", operation.action)], pairs].concat();
        let path = format!("{}?{}", operation.path(), form(&all));
        request = Request::get(&path).header("X-Requested-With", "tests");
        if operation.takes_document {
            request.method = "POST";
            request = request.header("Content-Type", "text/xml").body(row.example_document);
        }
    }
    match row.door {
        Door::Any | Door::Basic => request.login(login, PASSWORD),
        Door::Open => request,
        Door::Session => request.header("Cookie", &format!("QualysSession={}", server.session(login).await)),
    }
}

/// Every role with every operation.
pub(crate) async fn roles(tests: &[OperationTest]) {
    let server = Server::with_networks().await;
    let mut wrong = Vec::new();
    for test in tests {
        let row = row_of(test);
        if matches!(row.door, Door::Open | Door::Session) {
            continue;
        }
        for (role, expected) in Role::ALL.into_iter().zip(test.roles) {
            let request = request(&server, role.as_str(), row, test.harmless).await;
            let response = server.send(request).await;
            let met = match response.refusal() {
                _ if response.status == 401 => Expected::NoAccess,
                Some(text) if text.starts_with("2012 ") => Expected::Refused,
                _ => Expected::Allowed,
            };
            if met != expected {
                wrong.push(format!(
                    "{} {} as {role}: {expected:?} expected, met {met:?}\n{}",
                    test.resource, test.action, response.text
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn fill(text: &str, names: &[(&'static str, String)]) -> String {
    names.iter().fold(text.to_owned(), |text, (word, actual)| text.replace(word, actual))
}

async fn ask(
    server: &Server,
    login: &str,
    test: &OperationTest,
    names: &[(&'static str, String)],
    parameters: Parameters,
) -> Response {
    let filled: Vec<(&str, String)> =
        parameters.iter().map(|(name, value)| (*name, fill(value, names))).collect();
    let pairs: Vec<(&str, &str)> = filled.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = request(server, login, row_of(test), &pairs).await;
    while_scanning(server, server.send(request)).await
}

/// Every operation with every role that may do it, within the role's scope and out of it.
pub(crate) async fn reaches(tests: &[OperationTest]) {
    let callers = [
        ("harbour_sc", Role::Scanner),
        ("harbour_re", Role::Reader),
        ("auditor", Role::Auditor),
        ("harbour_um", Role::UnitManager),
        ("manager", Role::Manager),
    ];
    let mut wrong = Vec::new();
    for test in tests.iter().filter(|test| !matches!(test.reach, Reach::Everybody)) {
        let server = harbour().await;
        let group = [("action", "edit"), ("login", "harbour_re"), ("asset_groups", "Quay")];
        server.call("manager", "user.php", &group).await.assert_success();
        for (login, role) in callers {
            let column = Role::ALL.iter().position(|other| *other == role).unwrap();
            if test.roles[column] != Expected::Allowed {
                continue;
            }
            // Readers make nothing but what their role lets them launch.
            let launches = row_of(test).permissions.iter().any(|(_, resource)| {
                role == Role::Reader && role.scope(Action::Launch, *resource) != Scope::None
            });
            let makes = matches!(role, Role::UnitManager | Role::Scanner | Role::Manager) || launches;
            let maker = if makes { login } else { "manager" };
            let mut names = match test.setup {
                Some(setup) => setup(&server, maker).await,
                None => Vec::new(),
            };
            names.push(("CALLER", login.to_owned()));
            if let Some(fault) = fault(&server, login, role, test, &names).await {
                wrong.push(format!("{} {} as {role}: {fault}", test.resource, test.action));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong about a request by a user of the role, if anything is.
async fn fault(
    server: &Server,
    login: &str,
    role: Role,
    test: &OperationTest,
    names: &[(&'static str, String)],
) -> Option<String> {
    // A Manager reaches everything; an Auditor nothing, as long as no host is in policy compliance.
    // But what the table of roles lets see the subscription.
    let permissions = row_of(test).permissions.iter();
    let all = permissions
        .map(|(action, resource)| role.scope(*action, *resource))
        .any(|scope| scope == Scope::Subscription && matches!(role, Role::Manager | Role::Auditor));
    let sees_inside = role != Role::Auditor || all;
    let sees_outside = all;
    match test.reach {
        Reach::Everybody => None,
        Reach::Shows { parameters, inside, outside } => {
            let shown = ask(server, login, test, names, parameters).await.text;
            let (inside, outside) = (fill(inside, names), fill(outside, names));
            let seen = (shown.contains(&inside) || !sees_inside, shown.contains(&outside));
            (seen != (true, sees_outside)).then(|| format!("{inside}, {outside}: {seen:?} in\n{shown}"))
        }
        Reach::Takes { inside, outside, refusal } => {
            let refusal = fill(refusal, names);
            let refused = ask(server, login, test, names, outside).await.refusal().unwrap_or_default();
            if refused.starts_with(&refusal) == sees_outside {
                return Some(format!("{outside:?} met: {refused}"));
            }
            let taken = ask(server, login, test, names, inside).await.refusal().unwrap_or_default();
            let scoped = taken.starts_with(&refusal) || taken.starts_with("2012 ");
            (scoped == sees_inside).then(|| format!("{inside:?} met: {taken}"))
        }
    }
}

/// The examples of the guide's pages, run as they stand there.
pub(crate) async fn examples(tests: &[OperationTest], id: &str, interpreter: &[&str]) {
    let mut wrong = Vec::new();
    for test in tests {
        let row = row_of(test);
        let page = format!("fo-{}-{}.html", test.resource.replace('/', "-"), test.action);
        let shown =
            Shown { page: &page, parameters: row.operation.example.parameters, needs: row.example_needs };
        match run(shown, id, interpreter).await {
            Ok(answer) => {
                if answer.text.starts_with("<?xml") {
                    assert_valid_answer(&answer);
                }
                wrong.extend(answer.refusal().map(|refusal| format!("{page}: {refusal}")));
                if answer.text.is_empty() {
                    wrong.push(format!("{page}: nothing was answered"));
                }
            }
            Err(error) => wrong.push(format!("{page}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "say in the row what the example needs:\n{}", wrong.join("\n"));
}
