//! `asset_group_list.php`: asset groups with everything that is noted about them.

use palisade_app::{AssetGroupView, AssignedUser, GroupApplianceView, GroupTexts};
use palisade_wire::date_time::date_time;
use palisade_wire::{Call, ErrorForm, Example, Parameter, ParameterKind, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;
use crate::v2::asset_group::document::{write_domain, write_environment, write_names};

pub const TITLE: Parameter = Parameter::new(
    "title",
    ParameterKind::AssetGroupTitle,
    "Web servers",
    "Only the group with this title; the list is empty when there is none.",
);

pub const CALL: Call = Call {
    script: "asset_group_list.php",
    summary: "List asset groups",
    description: &[
        "Lists the asset groups that the caller may see. The group named All comes first: it is every \
         address that the caller may see, its ID is 0, and its LAST_UPDATE is the time of the call. The \
         others follow by title.",
    ],
    parameters: &[TITLE],
    rules: &[],
    roles: "Manager and Administrator: all groups. Unit Manager: groups of the business unit. Scanner and \
            Reader: groups assigned to them, and their own. Auditor: All, with the hosts in policy compliance.",
    root: "ASSET_GROUP_LIST",
    dtd: &dtd::ASSET_GROUP_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[("title", "Web servers")], description: "Show one group." },
};

pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let title = request.arguments.asset_group_title(&TITLE);
    let groups = request.app.list_asset_groups(&request.actor, title).await?;
    let members = request.app.list_group_appliances(&request.actor).await?;
    let mut xml = request.document();
    xml.element("ASSET_GROUP_LIST", &[], |xml| {
        for group in &groups {
            write_group(xml, group, &appliances_of(group, &members));
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

/// Those of one group.
fn appliances_of<'a>(
    group: &AssetGroupView,
    members: &'a [GroupApplianceView],
) -> Vec<&'a GroupApplianceView> {
    members.iter().filter(|member| member.asset_group_id == group.id).collect()
}

fn write_group(xml: &mut XmlWriter, group: &AssetGroupView, appliances: &[&GroupApplianceView]) {
    let AssetGroupView {
        id,
        title,
        ips,
        domains,
        names,
        business_impact,
        texts,
        environment,
        updated_at,
        users,
        owner: _,          // no element for it
        business_units: _, // likewise
    } = group;
    let GroupTexts { comments, division, function, location } = texts;
    xml.element("ASSET_GROUP", &[], |xml| {
        xml.text("ID", &id.to_string());
        xml.cdata("TITLE", title);
        xml.list("SCANIPS", ips.ranges(), |xml, range| xml.text("IP", &range.to_string()));
        write_names(xml, "SCANDNS", "DNS", &names.dns);
        write_names(xml, "SCANNETBIOS", "NETBIOS", &names.netbios);
        xml.list("MAPDOMAINS", domains, write_domain);
        xml.list("SCANNER_APPLIANCES", appliances, |xml, member| {
            let GroupApplianceView { asset_group_id: _, appliance_id, name, is_default } = member;
            let default = if *is_default { "1" } else { "0" };
            xml.element("SCANNER_APPLIANCE", &[("asset_group_default", default)], |xml| {
                xml.cdata("SCANNER_APPLIANCE_NAME", name.as_str());
                xml.text("SCANNER_APPLIANCE_SN", &appliance_id.to_string());
            });
        });
        xml.optional_cdata("COMMENTS", comments.as_deref());
        xml.element("BUSINESS_IMPACT", &[], |xml| {
            xml.text("RANK", &business_impact.rank().to_string());
            xml.text("IMPACT_TITLE", business_impact.title());
        });
        xml.optional_cdata("DIVISION", division.as_deref());
        xml.optional_cdata("FUNCTION", function.as_deref());
        xml.optional_cdata("LOCATION", location.as_deref());
        write_environment(xml, *environment);
        xml.text("LAST_UPDATE", &date_time(*updated_at));
        xml.list("ASSIGNED_USERS", users, write_user);
    });
}

fn write_user(xml: &mut XmlWriter, user: &AssignedUser) {
    let AssignedUser { id: _, login, first_name, last_name, role } = user;
    xml.element("ASSIGNED_USER", &[], |xml| {
        xml.cdata("LOGIN", login.as_str());
        xml.cdata("FIRSTNAME", first_name);
        xml.cdata("LASTNAME", last_name);
        xml.cdata("ROLE", role.title());
    });
}
