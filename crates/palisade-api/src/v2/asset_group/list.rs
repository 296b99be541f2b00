//! `asset/group/?action=list`.

use palisade_app::AssetGroupView;
use palisade_wire::dtd::v2::ASSET_GROUP_LIST_OUTPUT;
use palisade_wire::operation::{Answers, Methods, Operation};
use palisade_wire::{Arguments, Example, Parameter, ParameterKind};

use crate::answer::{Answer, Content, ContentKind};
use crate::error::CallError;
use crate::v2::asset_group::document::{ListedGroup, write_group};
use crate::v2::asset_group::table::table;
use crate::v2::asset_group::{ID, RESOURCE};
use crate::v2::network::{SHOWN_NETWORKS, named_networks};
use crate::v2::request::{OperationRequest, id_ranges, write_id_set};

/// Groups of a page, unless the client says otherwise.
const PAGE_GROUPS: u64 = 1_000;

const IDS: Parameter = Parameter::new("ids", ParameterKind::Numbers, "1-1000", "Only groups with these IDs.");
const ID_MIN: Parameter = Parameter::new("id_min", ID, "1", "Only groups with this ID or a higher one.");
const ID_MAX: Parameter = Parameter::new("id_max", ID, "1000", "Only groups with this ID or a lower one.");
const TRUNCATION_LIMIT: Parameter = Parameter::new(
    "truncation_limit",
    ParameterKind::Integer { min: 0, max: 1_000_000 },
    "100",
    "Groups of one answer; 0 for all of them.",
)
.default("1000");
const UNIT_ID: Parameter =
    Parameter::new("unit_id", ID, "1", "Only groups in the business unit with this ID.");
const USER_ID: Parameter = Parameter::new(
    "user_id",
    ID,
    "1",
    "Only groups that the user with this ID made or that are assigned to them.",
);
const LISTED_TITLE: Parameter =
    Parameter::new("title", ParameterKind::AssetGroupTitle, "Web servers", "Only the group with this title.");
const SHOW_ATTRIBUTES: Parameter = Parameter::new(
    "show_attributes",
    ParameterKind::Choices(ATTRIBUTES),
    "ALL",
    "What is shown of each group beside its ID. None: a set of IDs instead of the groups.",
)
.default("TITLE, OWNER, NETWORK_IDS, LAST_UPDATE, IP_SET and BUSINESS_IMPACT");
const OUTPUT_FORMAT: Parameter = Parameter::new(
    "output_format",
    ParameterKind::Word(&["xml", "csv"]),
    "csv",
    "csv has a line for each group with what is shown of it, and a heading.",
)
.default("xml");
/// What can be shown. The names of what groups never have are known and show nothing.
const ATTRIBUTES: &[&str] = &[
    "None",
    "ALL",
    "ID",
    "TITLE",
    "OWNER",
    "OWNER_USER_NAME",
    "OWNER_USER_ID",
    "OWNER_UNIT_ID",
    "NETWORK_IDS",
    "LAST_UPDATE",
    "IP_SET",
    "APPLIANCE_LIST",
    "DOMAIN_LIST",
    "DNS_LIST",
    "NETBIOS_LIST",
    "EC2_ID_LIST",
    "HOST_IDS",
    "USER_IDS",
    "ASSIGNED_USER_IDS",
    "UNIT_IDS",
    "ASSIGNED_UNIT_IDS",
    "BUSINESS_IMPACT",
    "CVSS",
    "COMMENTS",
];
const SHOWN_BY_DEFAULT: &[&str] =
    &["TITLE", "OWNER", "NETWORK_IDS", "LAST_UPDATE", "IP_SET", "BUSINESS_IMPACT"];

pub const LIST: Operation = Operation {
    resource: RESOURCE,
    action: "list",
    methods: Methods::Any,
    takes_document: false,
    summary: "List asset groups",
    description: &[
        "Lists the asset groups that the caller may see, by ID. The group All is every address that the caller \
         may see; its ID is 0 and its LAST_UPDATE the time of the request.",
    ],
    parameters: &[
        IDS,
        ID_MIN,
        ID_MAX,
        TRUNCATION_LIMIT,
        SHOWN_NETWORKS,
        UNIT_ID,
        USER_ID,
        LISTED_TITLE,
        SHOW_ATTRIBUTES,
        OUTPUT_FORMAT,
    ],
    rules: &[],
    roles: "Manager and Administrator: all groups. Unit Manager: groups of the business unit. Scanner and \
            Reader: groups assigned to them, and their own. Auditor: All, with the hosts in policy compliance.",
    answers: Answers::Document { root: "ASSET_GROUP_LIST_OUTPUT", dtd: &ASSET_GROUP_LIST_OUTPUT },
    example: Example { parameters: &[("show_attributes", "ALL")], description: "List the groups in full." },
};

pub(super) async fn list(request: OperationRequest) -> Result<Answer, CallError> {
    let OperationRequest { app, arguments, .. } = &request;
    let mut groups =
        app.list_asset_groups(request.actor()?, arguments.asset_group_title(&LISTED_TITLE)).await?;
    groups.retain(|group| is_wanted(arguments, group));
    let networks = app.list_group_networks(request.actor()?).await?;
    let network_of = |id: i64| {
        let found = networks.iter().find(|network| network.asset_group_id == id);
        found.map_or(0, |network| network.network_id)
    };
    if let Some(wanted) = named_networks(&request, &SHOWN_NETWORKS).await? {
        groups.retain(|group| wanted.contains(&network_of(group.id)));
    }
    let members = app.list_group_appliances(request.actor()?).await?;
    groups.sort_by_key(|group| group.id);
    let limit = arguments.integer(&TRUNCATION_LIMIT).unwrap_or(PAGE_GROUPS);
    let shown = if limit == 0 { groups.len() } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let next = groups.get(shown).map(|group| group.id);
    groups.truncate(shown);
    let listed: Vec<ListedGroup<'_>> = groups
        .iter()
        .map(|group| {
            let of_group = || members.iter().filter(|member| member.asset_group_id == group.id);
            ListedGroup {
                group,
                network_id: app.has_networks().then(|| network_of(group.id)),
                appliances: of_group().map(|member| member.appliance_id).collect(),
                default_appliance: of_group().find(|member| member.is_default).map(|one| one.appliance_id),
            }
        })
        .collect();
    let attributes = arguments.choices(&SHOW_ATTRIBUTES).unwrap_or(SHOWN_BY_DEFAULT);
    if arguments.choice(&OUTPUT_FORMAT) == Some("csv") {
        let mut csv = table(&listed, attributes, app.has_networks());
        if let Some(next) = next {
            request.write_footer(&mut csv, limit, &[("id_min", next.to_string())]);
        }
        return Ok(Answer::Typed {
            kind: ContentKind::Csv,
            content: Content::Whole(csv.take()),
            cookie: None,
        });
    }
    let mut xml = request.document();
    if attributes.contains(&"None") {
        write_id_set(&mut xml, &id_ranges(groups.iter().filter_map(|group| u64::try_from(group.id).ok())));
    } else {
        xml.list("ASSET_GROUP_LIST", &listed, |xml, group| write_group(xml, group, attributes));
    }
    if let Some(next) = next {
        request.write_warning(&mut xml, limit, &[("id_min", next.to_string())]);
    }
    Ok(OperationRequest::end(xml))
}

fn is_wanted(arguments: &Arguments, group: &AssetGroupView) -> bool {
    let number = |parameter| arguments.integer(parameter);
    let id = u64::try_from(group.id).unwrap_or_default();
    let is = |id: i64, wanted: u64| u64::try_from(id) == Ok(wanted);
    arguments.numbers(&IDS).is_none_or(|ids| ids.contains(id))
        && number(&ID_MIN).is_none_or(|min| id >= min)
        && number(&ID_MAX).is_none_or(|max| id <= max)
        && number(&UNIT_ID).is_none_or(|unit| group.business_units.iter().any(|id| is(*id, unit)))
        && number(&USER_ID).is_none_or(|user| {
            group.owner.as_ref().is_some_and(|owner| is(owner.id, user))
                || group.users.iter().any(|assigned| is(assigned.id, user))
        })
}
