//! What a subscription says of entries of the KnowledgeBase.

use palisade_app::{EditVulnerability, Error};
use palisade_model::{Role, Severity};

use crate::desk::Desk;

#[tokio::test]
async fn what_a_manager_says_of_a_qid_holds_until_it_is_reset() {
    let mut desk = Desk::new().await;
    let manager = desk.manager().await;
    let (qid, _) = desk.qids();
    let level = |desk: &Desk| desk.app.kb().entry(qid).unwrap().severity.level();
    let before = level(&desk);
    let other = if before == 5 { 1 } else { 5 };
    let edit = EditVulnerability {
        severity: Severity::new(other),
        threat_comment: Some("Ours".to_owned()),
        ..EditVulnerability::default()
    };
    desk.app.edit_vulnerability(&manager, qid, edit.clone()).await.unwrap();
    assert_eq!(level(&desk), other);
    let more = EditVulnerability { disabled: Some(true), ..EditVulnerability::default() };
    desk.app.edit_vulnerability(&manager, qid, more).await.unwrap();

    // Another process learns it from the store.
    desk.restart().await;
    assert_eq!(level(&desk), before);
    assert!(desk.app.refresh_knowledge_base().await.unwrap());
    let kb = desk.app.kb();
    let entry = kb.entry(qid).unwrap();
    assert_eq!((entry.severity.level(), entry.is_disabled()), (other, true));
    assert_eq!(entry.comments(), [Some("Ours"), None, None], "the second edit left the first as it was");
    assert_eq!(desk.app.list_custom_vulnerabilities(&manager).await.unwrap(), [qid]);

    desk.add_user("scanner", Role::Scanner, "10.0.0.1").await;
    let scanner = desk.actor("scanner").await;
    let refused = desk.app.edit_vulnerability(&scanner, qid, edit).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let refused = desk.app.reset_vulnerability(&scanner, qid).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let refused = desk.app.list_custom_vulnerabilities(&scanner).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let long = EditVulnerability { impact_comment: Some("x".repeat(4_001)), ..EditVulnerability::default() };
    let refused = desk.app.edit_vulnerability(&manager, qid, long).await;
    assert!(matches!(refused, Err(Error::TooLong { .. })), "{refused:?}");

    desk.app.reset_vulnerability(&manager, qid).await.unwrap();
    assert_eq!(level(&desk), before);
    assert_eq!(desk.app.list_custom_vulnerabilities(&manager).await.unwrap(), []);
    desk.app.reset_vulnerability(&manager, qid).await.unwrap();
}
