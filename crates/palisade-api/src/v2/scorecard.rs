//! `report/scorecard/`: scorecards, which are saved reports on asset groups.

use palisade_app::{Error as AppError, ReportOrder};
use palisade_model::report_job::ScorecardSource;
use palisade_model::{Action, Qid, ReportSubject, Resource, Scorecard};
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind, Rule};

use crate::answer::Answer;
use crate::error::CallError;
use crate::example::Need;
use crate::v2::registry::{OperationRow, operation};
use crate::v2::report::{HIDE_HEADER, OUTPUT_FORMAT, REPORT_TITLE, format_of};
use crate::v2::request::OperationRequest;

/// Longest texts noted about asset groups.
const TEXT_CHARACTERS_MAX: usize = 255;

const NAME: Parameter = Parameter::new(
    "name",
    ParameterKind::Choice(Scorecard::WORDS),
    "Most Vulnerable Hosts Report",
    "The scorecard.",
)
.required();
const SOURCE: Parameter = Parameter::new(
    "source",
    ParameterKind::Choice(&["asset_groups", "business_unit"]),
    "asset_groups",
    "Whether the asset groups are named, or chosen by what is noted about them.",
)
.required();
const ASSET_GROUPS: Parameter = Parameter::new(
    "asset_groups",
    ParameterKind::Titles { max_items: 1_000, max_chars: 255 },
    "Web servers",
    "Titles of asset groups; All stands for every host.",
);
const ALL_ASSET_GROUPS: Parameter =
    Parameter::new("all_asset_groups", ParameterKind::Choice(&["1"]), "1", "1 stands for every asset group.");
const BUSINESS_UNIT: Parameter = Parameter::new(
    "business_unit",
    ParameterKind::Text { max_chars: TEXT_CHARACTERS_MAX },
    "Harbour",
    "Only asset groups of the business unit with this title.",
);
const DIVISION: Parameter = Parameter::new(
    "division",
    ParameterKind::Text { max_chars: TEXT_CHARACTERS_MAX },
    "Docks",
    "Only asset groups of this division.",
);
const FUNCTION: Parameter = Parameter::new(
    "function",
    ParameterKind::Text { max_chars: TEXT_CHARACTERS_MAX },
    "Web servers",
    "Only asset groups with this function.",
);
const LOCATION: Parameter = Parameter::new(
    "location",
    ParameterKind::Text { max_chars: TEXT_CHARACTERS_MAX },
    "Hamburg",
    "Only asset groups at this place.",
);
const PATCH_QIDS: Parameter = Parameter::new(
    "patch_qids",
    ParameterKind::QidList { max_items: 10 },
    "6",
    "For the Patch Report: vulnerabilities whose patches are to be there. Hosts that have one are shown.",
);
const MISSING_QIDS: Parameter = Parameter::new(
    "missing_qids",
    ParameterKind::QidList { max_items: 2 },
    "6",
    "For the Patch Report: what says that a program is missing. Hosts of which it is said are shown.",
);

pub const LAUNCH: Operation = Operation {
    resource: "report/scorecard",
    action: "launch",
    methods: Methods::Post,
    takes_document: false,
    summary: "Ask for a scorecard",
    description: &[
        "Asks for a scorecard and answers with its ID at once. It is a saved report: report/ lists it, answers \
         with it once it is finished, and deletes it.",
        "The scorecards show the vulnerabilities of asset groups that are not fixed: how many of each severity \
         (Asset Group Vulnerability Report), the 50 that most hosts have (Most Prevalent Vulnerabilities \
         Report), the 50 hosts with the worst (Most Vulnerable Hosts Report), those that are ignored (Ignored \
         Vulnerabilities Report), and the hosts that lack patches or programs (Patch Report).",
    ],
    parameters: &[
        NAME,
        REPORT_TITLE,
        OUTPUT_FORMAT,
        HIDE_HEADER,
        SOURCE,
        ASSET_GROUPS,
        ALL_ASSET_GROUPS,
        BUSINESS_UNIT,
        DIVISION,
        FUNCTION,
        LOCATION,
        PATCH_QIDS,
        MISSING_QIDS,
    ],
    rules: &[
        Rule::Exclusive(&["asset_groups", "all_asset_groups"]),
        Rule::OnlyWith { parameter: "hide_header", with: "output_format", value: Some("csv") },
        Rule::OnlyWith { parameter: "asset_groups", with: "source", value: Some("asset_groups") },
        Rule::OnlyWith { parameter: "all_asset_groups", with: "source", value: Some("asset_groups") },
        Rule::OnlyWith { parameter: "business_unit", with: "source", value: Some("business_unit") },
        Rule::OnlyWith { parameter: "division", with: "source", value: Some("business_unit") },
        Rule::OnlyWith { parameter: "function", with: "source", value: Some("business_unit") },
        Rule::OnlyWith { parameter: "location", with: "source", value: Some("business_unit") },
        Rule::OnlyWith { parameter: "patch_qids", with: "name", value: Some("Patch Report") },
        Rule::OnlyWith { parameter: "missing_qids", with: "name", value: Some("Patch Report") },
        Rule::When {
            parameter: "source",
            value: "asset_groups",
            rules: &[Rule::AtLeastOneOf(&["asset_groups", "all_asset_groups"])],
        },
        Rule::When {
            parameter: "name",
            value: "Patch Report",
            rules: &[Rule::AtLeastOneOf(&["patch_qids", "missing_qids"])],
        },
    ],
    roles: "Manager: the subscription. Unit Manager: the business unit. Scanner and Reader: assigned asset \
            groups.",
    answers: Answers::Simple,
    example: Example {
        parameters: &[
            ("name", "Most Vulnerable Hosts Report"),
            ("output_format", "csv"),
            ("source", "asset_groups"),
            ("asset_groups", "Web servers"),
        ],
        description: "Ask for the worst hosts of an asset group.",
    },
};

pub(crate) static ROWS: &[OperationRow] = &[operation!(
    LAUNCH,
    launch,
    &[(Action::Launch, Resource::Report)],
    needs: &[Need::Call {
        script: "asset_group.php",
        parameters: &[("action", "add"), ("title", "Web servers"), ("host_ips", "192.0.2.0-192.0.2.9")],
    }]
)];

async fn launch(request: OperationRequest) -> Result<Answer, CallError> {
    let arguments = &request.arguments;
    let Some(scorecard) = arguments.choice(&NAME).and_then(|word| word.parse::<Scorecard>().ok()) else {
        return Err(request.invalid(&NAME, "no such scorecard"));
    };
    let qids = |parameter| arguments.qids(parameter).map(<[_]>::to_vec).unwrap_or_default();
    let order = ReportOrder {
        subject: ReportSubject::Scorecard {
            scorecard,
            source: source(arguments),
            patches: qids(&PATCH_QIDS),
            missing: qids(&MISSING_QIDS),
        },
        title: arguments.text(&REPORT_TITLE).map(str::to_owned).unwrap_or_default(),
        format: format_of(&request)?,
        hide_header: arguments.switch(&HIDE_HEADER),
        base_url: request.base_url.clone(),
    };
    let id = request.app.order_report(request.actor()?, order).await.map_err(|error| match error {
        AppError::UnknownQid { qid } => unknown_qid(arguments, qid),
        error => error.into(),
    })?;
    Ok(request.simple_return("New scorecard launched", &[("ID", id.to_string())]))
}

/// Names the parameter that holds the QID.
fn unknown_qid(arguments: &Arguments, qid: Qid) -> CallError {
    let holds = |parameter: &&Parameter| arguments.qids(parameter).is_some_and(|qids| qids.contains(&qid));
    let parameter = [&PATCH_QIDS, &MISSING_QIDS].into_iter().find(holds).unwrap_or(&PATCH_QIDS);
    let text = format!("parameter {} has invalid value: {qid} (No such QID)", parameter.name);
    CallError::Coded { code: 1905, text }
}

fn source(arguments: &Arguments) -> ScorecardSource {
    let text = |parameter| arguments.filled_text(parameter).map(str::to_owned);
    if arguments.choice(&SOURCE) == Some("business_unit") {
        return ScorecardSource::BusinessUnit {
            unit: text(&BUSINESS_UNIT),
            division: text(&DIVISION),
            function: text(&FUNCTION),
            location: text(&LOCATION),
        };
    }
    match arguments.titles(&ASSET_GROUPS) {
        Some(titles) => ScorecardSource::AssetGroups { titles: titles.to_vec() },
        None => ScorecardSource::EveryAssetGroup,
    }
}
