//! Report templates: those there are from the start, and those people make.

use palisade_model::report_template::{HostTemplate, Levels};
use palisade_model::{TemplateKind, TemplateSelection};
use palisade_store::{Error, TemplateChoice};

use crate::bench::{Bench, at, ips, login};

fn choice(title: &str) -> TemplateChoice {
    let mut content = HostTemplate::default();
    content.target.ips = ips("10.0.0.1-10.0.0.9");
    content.target.asset_groups = vec!["Büro <A>".to_owned()];
    content.filter.information = Levels::ALL;
    content.filter.timeframe_days = Some(30);
    content.kept.insert("graph_os".to_owned(), "1".to_owned());
    TemplateChoice {
        title: title.to_owned(),
        kind: TemplateKind::Scan,
        selection: TemplateSelection::Automatic,
        is_global: false,
        content,
        unknown_only: false,
    }
}

async fn a_subscription_starts_with_some(bench: Bench) {
    let templates = bench.store.list_report_templates().await.unwrap();
    assert!(templates.iter().all(|template| template.is_global && template.owner.is_none()));
    assert!(templates.is_sorted_by_key(|template| template.id));
    let technical = templates.iter().find(|template| template.title == "Technical Report").unwrap();
    assert_eq!((technical.kind, technical.selection), (TemplateKind::Scan, TemplateSelection::Automatic));
    assert_eq!(technical.content.filter.information, Levels::ALL);
    assert!(technical.content.display.results && technical.content.target.ips.is_empty());
    let high = templates.iter().find(|template| template.title == "High Severity Report").unwrap();
    assert!(high.content.filter.vulnerabilities.contains(4) && !high.content.filter.potential.contains(3));
    for kind in TemplateKind::ALL.iter().filter(|kind| **kind != TemplateKind::Policy) {
        assert!(templates.iter().any(|template| template.kind == *kind), "{kind}");
    }
}

async fn a_template_comes_back_as_it_was_made(bench: Bench) {
    let owner = login("quays_ab1");
    let id = bench.store.add_report_template(&choice("Mine"), Some(&owner), at(1)).await.unwrap();
    let stored = bench.store.report_template(id).await.unwrap().unwrap();
    assert_eq!((stored.title.as_str(), stored.owner, stored.is_global), ("Mine", Some(owner), false));
    assert_eq!((stored.content, stored.updated_at), (choice("Mine").content, at(1)));
    let map = TemplateChoice {
        kind: TemplateKind::Map,
        selection: TemplateSelection::Manual,
        unknown_only: true,
        ..choice("Devices")
    };
    let id = bench.store.add_report_template(&map, None, at(1)).await.unwrap();
    let stored = bench.store.report_template(id).await.unwrap().unwrap();
    assert_eq!((stored.kind, stored.selection), (TemplateKind::Map, TemplateSelection::Manual));
    assert!(stored.unknown_only);
    let taken = bench.store.add_report_template(&choice("Technical Report"), None, at(1)).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
}

async fn an_edit_of_what_was_changed_meanwhile_is_refused(bench: Bench) {
    let id = bench.store.add_report_template(&choice("Mine"), None, at(1)).await.unwrap();
    let changed = TemplateChoice { is_global: true, selection: TemplateSelection::Manual, ..choice("Ours") };
    assert!(bench.store.edit_report_template(id, &changed, at(1), at(2)).await.unwrap());
    assert!(!bench.store.edit_report_template(id, &choice("Mine"), at(1), at(3)).await.unwrap());
    let stored = bench.store.report_template(id).await.unwrap().unwrap();
    assert_eq!((stored.title.as_str(), stored.is_global, stored.updated_at), ("Ours", true, at(2)));
    assert_eq!(stored.selection, TemplateSelection::Manual);
    let taken = TemplateChoice { title: "Patch Report".to_owned(), ..choice("") };
    let taken = bench.store.edit_report_template(id, &taken, at(2), at(3)).await;
    assert!(matches!(taken, Err(Error::Conflict)), "{taken:?}");
}

async fn a_deleted_template_is_gone(bench: Bench) {
    let id = bench.store.add_report_template(&choice("Mine"), None, at(1)).await.unwrap();
    assert!(bench.store.delete_report_template(id).await.unwrap());
    assert!(!bench.store.delete_report_template(id).await.unwrap());
    assert_eq!(bench.store.report_template(id).await.unwrap(), None);
    let again = bench.store.add_report_template(&choice("Mine"), None, at(1)).await.unwrap();
    assert!(again > id, "an id is never given again");
}

crate::both!(
    a_subscription_starts_with_some,
    a_template_comes_back_as_it_was_made,
    an_edit_of_what_was_changed_meanwhile_is_refused,
    a_deleted_template_is_gone,
);
