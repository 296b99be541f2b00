//! Tickets: made and moved by results, changed by hand, ignored, deleted.

use std::collections::BTreeSet;

use palisade_model::ticket::NotPossible;
use palisade_model::{HostResult, Qid, RequestedState, TicketState};
use palisade_store::{
    DetectionsOf, Holding, IgnoreOutcome, Ignoring, Intake, Remedy, Ticket, TicketChange, TicketEdit,
    TicketEdited, TicketQuery,
};

use crate::bench::{Bench, alive, at, deliver_with, finding, ip, ips, login, qid};

const HOST: &str = "10.0.0.1";

/// QIDs below 100 get a ticket, those below 200 are ignored.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a policy's answer")]
fn remedy(qid: Qid) -> Option<Remedy> {
    let assignee = login("quays_cd1");
    Some(Remedy { assignee, deadline_days: 3, ignore: qid.number() >= 100, rule: "Everything".to_owned() })
}

/// Scans in a scan of its own, with policies.
async fn scan(bench: &Bench, result: &HostResult, second: i64) -> Intake {
    bench.launch(&result.facts.address.to_string()).await;
    let token = format!("token-{second}");
    let slice = bench.lease("worker", &token).await.unwrap();
    let intake = deliver_with(&bench.store, &slice, &token, result, &remedy, second).await;
    // Whatever arrives twice counts once.
    let again = deliver_with(&bench.store, &slice, &token, result, &remedy, second).await;
    assert_eq!(again, Intake::AlreadyTakenIn { holding: Holding::Held });
    bench.store.complete_slice(slice.slice_id, &token, at(second)).await.unwrap();
    intake
}

/// Finds these QIDs on port 80, having tested for 1 to 200.
async fn find(bench: &Bench, host: &str, found: &[u32], second: i64) {
    let findings = found.iter().map(|number| finding(*number, Some(80))).collect();
    let result = alive(host, findings, &(1..=200).collect::<Vec<_>>());
    assert!(matches!(scan(bench, &result, second).await, Intake::TakenIn { .. }));
}

async fn tickets(bench: &Bench) -> Vec<Ticket> {
    bench.store.list_tickets(&TicketQuery::everything(1_000)).await.unwrap()
}

async fn states(bench: &Bench) -> Vec<TicketState> {
    tickets(bench).await.into_iter().map(|ticket| ticket.state).collect()
}

async fn history(bench: &Bench, number: u64) -> Vec<TicketChange> {
    bench.store.list_ticket_changes(&[number]).await.unwrap()
}

/// QIDs of the host that are noted as ignored; they must be those with ignored tickets.
async fn ignored(bench: &Bench) -> Vec<u32> {
    let detections = bench.store.list_detections(ip(HOST)).await.unwrap();
    let noted: Vec<_> = detections.iter().filter(|one| one.ignored).map(|one| one.key).collect();
    let mut by_ticket: Vec<_> = tickets(bench).await;
    by_ticket.retain(|ticket| ticket.state == TicketState::Ignored && ticket.ip == ip(HOST));
    by_ticket.sort_by_key(|ticket| ticket.key);
    assert_eq!(noted, by_ticket.iter().map(|ticket| ticket.key).collect::<Vec<_>>());
    noted.iter().map(|key| key.qid.number()).collect()
}

async fn edit(bench: &Bench, number: u64, edit: TicketEdit, second: i64) -> TicketEdited {
    let numbers = BTreeSet::from([number]);
    let edited = bench.store.edit_tickets(&numbers, &edit, &login("quays_ab1"), at(second)).await.unwrap();
    assert_eq!(edited.len(), 1);
    edited[0].1
}

fn to(state: RequestedState) -> TicketEdit {
    TicketEdit { state: Some(state), ..TicketEdit::default() }
}

async fn results_make_and_move_tickets(bench: Bench) {
    bench.add_subscription().await;
    find(&bench, HOST, &[5, 150], 100).await;
    let made = tickets(&bench).await;
    assert_eq!(
        made.iter().map(|ticket| ticket.state).collect::<Vec<_>>(),
        [TicketState::Open, TicketState::Ignored]
    );
    let first = &made[0];
    assert_eq!((first.number, first.key.qid, first.ip), (1, qid(5), ip(HOST)));
    assert_eq!((first.due_at, first.created_at), (at(100 + 3 * 86_400), at(100)));
    assert_eq!((first.times_found, first.times_not_found, first.result.as_str()), (1, 0, ""));
    assert_eq!(ignored(&bench).await, [150]);

    find(&bench, HOST, &[150], 200).await;
    assert_eq!(states(&bench).await, [TicketState::Fixed, TicketState::Ignored]);
    find(&bench, HOST, &[5], 300).await;
    assert_eq!(states(&bench).await, [TicketState::Reopened, TicketState::Ignored], "ignored is ignored");
    let again = &tickets(&bench).await[0];
    assert_eq!((again.times_found, again.times_not_found), (2, 1));
    assert_eq!((again.opened_at, again.closed_at), (Some(at(300)), Some(at(200))));
    assert_eq!(again.due_at, at(300 + 3 * 86_400), "whoever gets it again has all the days");

    let entries = history(&bench, 1).await;
    let moves: Vec<_> = entries.iter().map(|entry| (entry.old_state, entry.new_state)).collect();
    let (open, fixed, reopened) = (TicketState::Open, TicketState::Fixed, TicketState::Reopened);
    assert_eq!(moves, [(Some(fixed), Some(reopened)), (Some(open), Some(fixed)), (None, Some(open))]);
    let first = &entries[2];
    assert_eq!((first.actor.as_str(), first.rule.as_deref()), ("quays_ab1", Some("Everything")));
    assert_eq!(first.added_assignee, Some(login("quays_cd1")));
    assert_eq!(first.scan.as_ref().map(|(_, launched_at)| *launched_at), Some(at(0)));
}

async fn what_is_resolved_is_verified(bench: Bench) {
    bench.add_subscription().await;
    find(&bench, HOST, &[5, 6], 100).await;
    for number in [1, 2] {
        assert_eq!(edit(&bench, number, to(RequestedState::Resolved), 150).await, TicketEdited::Changed);
    }
    find(&bench, HOST, &[6], 200).await;
    assert_eq!(states(&bench).await, [TicketState::Fixed, TicketState::Reopened]);
    let refused = edit(&bench, 1, to(RequestedState::Resolved), 250).await;
    assert_eq!(refused, TicketEdited::NotPossible(NotPossible::Closed));
}

async fn a_host_full_of_findings_has_a_ticket_for_each(bench: Bench) {
    bench.add_subscription().await;
    let findings = (1..=99).flat_map(|number| (1..=5).map(move |port| finding(number, Some(port)))).collect();
    let result = alive(HOST, findings, &(1..=99).collect::<Vec<_>>());
    scan(&bench, &result, 100).await;
    let made = tickets(&bench).await;
    assert_eq!(made.len(), 495);
    assert!(made.windows(2).all(|pair| pair[0].number < pair[1].number));
    let keys: BTreeSet<_> = made.iter().map(|ticket| ticket.key).collect();
    assert_eq!(keys.len(), 495);
    scan(&bench, &alive(HOST, Vec::new(), &(1..=99).collect::<Vec<_>>()), 200).await;
    assert!(states(&bench).await.iter().all(|state| *state == TicketState::Fixed));
    let detections = bench.store.list_detections(ip(HOST)).await.unwrap();
    assert!(detections.iter().all(|one| one.last_fixed_at == Some(at(200)) && one.last_tested_at == at(200)));
}

async fn edits_change_what_they_name(bench: Bench) {
    bench.add_subscription().await;
    find(&bench, HOST, &[5], 100).await;
    let change = TicketEdit {
        assignee: Some(login("quays_ef1")),
        comment: Some("ä <b>".to_owned()),
        ..TicketEdit::default()
    };
    assert_eq!(edit(&bench, 1, change.clone(), 200).await, TicketEdited::Changed);
    let ticket = &tickets(&bench).await[0];
    assert_eq!(
        (&ticket.assignee, ticket.changed_at, ticket.due_at),
        (&login("quays_ef1"), at(200), at(100 + 3 * 86_400))
    );
    let entry = &history(&bench, 1).await[0];
    assert_eq!((entry.new_state, entry.comment.as_deref()), (None, Some("ä <b>")));
    assert_eq!(entry.removed_assignee, Some(login("quays_cd1")));
    let again = TicketEdit { comment: None, ..change };
    assert_eq!(edit(&bench, 1, again, 300).await, TicketEdited::SameAssignee);
    let reopen = TicketEdit { reopen_at: Some(at(900)), ..TicketEdit::default() };
    assert_eq!(edit(&bench, 1, reopen, 300).await, TicketEdited::NotIgnored);
    assert_eq!(edit(&bench, 7, to(RequestedState::Open), 300).await, TicketEdited::Gone);
    let moved = TicketEdit { only_in: vec![TicketState::Fixed], ..to(RequestedState::Ignored) };
    assert_eq!(edit(&bench, 1, moved, 300).await, TicketEdited::Moved);
}

async fn two_edits_at_once_both_count(bench: Bench) {
    bench.add_subscription().await;
    find(&bench, HOST, &[5, 6, 7], 100).await;
    let numbers = BTreeSet::from([1, 2, 3]);
    let other = bench.open_again().await;
    let (ada, bob) = (login("quays_ab1"), login("quays_cd1"));
    let assign = TicketEdit { assignee: Some(login("quays_ef1")), ..TicketEdit::default() };
    let ignore = to(RequestedState::Ignored);
    let (first, second) = tokio::join!(
        bench.store.edit_tickets(&numbers, &assign, &ada, at(200)),
        other.edit_tickets(&numbers, &ignore, &bob, at(200)),
    );
    for (_, outcome) in first.unwrap().into_iter().chain(second.unwrap()) {
        assert_eq!(outcome, TicketEdited::Changed);
    }
    for ticket in tickets(&bench).await {
        assert_eq!((ticket.state, ticket.assignee), (TicketState::Ignored, login("quays_ef1")));
        assert_eq!(history(&bench, ticket.number).await.len(), 3, "both are in the history");
    }
    // The same from both sides: the second is told.
    let resolve = to(RequestedState::Open);
    let (first, second) = tokio::join!(
        bench.store.edit_tickets(&numbers, &resolve, &ada, at(300)),
        other.edit_tickets(&numbers, &resolve, &bob, at(300)),
    );
    let told =
        |edited: Vec<(u64, TicketEdited)>| edited.iter().filter(|one| one.1 == TicketEdited::Changed).count();
    assert_eq!(told(first.unwrap()) + told(second.unwrap()), 3);
    assert!(ignored(&bench).await.is_empty());
}

async fn results_and_edits_take_turns(bench: Bench) {
    bench.add_subscription().await;
    for host in 1..=4 {
        find(&bench, &format!("10.0.0.{host}"), &[5, 6], 100 + host).await;
    }
    let numbers: BTreeSet<u64> = (1..=8).collect();
    let other = bench.open_again().await;
    let ada = login("quays_ab1");
    let editing = async {
        for round in 0..6 {
            let state = if round % 2 == 0 { RequestedState::Ignored } else { RequestedState::Open };
            other.edit_tickets(&numbers, &to(state), &ada, at(300)).await.unwrap();
        }
    };
    let scanning = async {
        for round in 0..2 {
            for host in (1..=4).rev() {
                find(&bench, &format!("10.0.0.{host}"), &[5], 400 + round * 10 + host).await;
            }
        }
    };
    tokio::join!(editing, scanning);
    ignored(&bench).await;
}

fn on(host: &str, numbers: &[u32]) -> DetectionsOf {
    let qids = numbers.iter().map(|number| qid(*number)).collect();
    DetectionsOf { qids, ips: ips(host), dns_contains: None, netbios_contains: None }
}

fn ignoring(reopen_at: Option<i64>) -> Ignoring {
    let reopen_at = reopen_at.map(at);
    Ignoring { actor: login("quays_ab1"), comment: "Accepted".to_owned(), reopen_at, deadline_days: 7 }
}

#[track_caller]
fn numbers(outcome: IgnoreOutcome) -> Vec<u64> {
    match outcome {
        IgnoreOutcome::Done(done) => done.into_iter().map(|one| one.ticket).collect(),
        IgnoreOutcome::TooMany => panic!("too many"),
    }
}

async fn detections_are_ignored_and_restored(bench: Bench) {
    bench.add_subscription().await;
    // No policies: there are detections without tickets.
    let result = alive(HOST, vec![finding(5, Some(80)), finding(6, None), finding(7, None)], &[5, 6, 7]);
    bench.scan_host(&result, 100).await;
    assert!(tickets(&bench).await.is_empty());
    let store = &bench.store;
    let wanted = on(HOST, &[5, 6]);
    let none = store.ignore_detections(&wanted, &ignoring(None), 1, at(200)).await.unwrap();
    assert_eq!((none, ignored(&bench).await), (IgnoreOutcome::TooMany, vec![]));
    let done = store.ignore_detections(&wanted, &ignoring(Some(900)), 10, at(200)).await.unwrap();
    assert_eq!(numbers(done), [1, 2]);
    assert_eq!(ignored(&bench).await, [5, 6]);
    let again = store.ignore_detections(&wanted, &ignoring(None), 10, at(210)).await.unwrap();
    assert_eq!(numbers(again), [0; 0], "they are ignored already");
    let mut named = wanted.clone();
    named.dns_contains = Some("www".to_owned());
    let nobody = store.restore_detections(&named, &login("quays_ab1"), "x", 10, at(220)).await.unwrap();
    assert_eq!(numbers(nobody), [0; 0]);
    let restored =
        store.restore_detections(&on(HOST, &[5]), &login("quays_ab1"), "Back", 10, at(300)).await.unwrap();
    assert_eq!(numbers(restored), [1]);
    assert_eq!(states(&bench).await, [TicketState::Reopened, TicketState::Ignored]);
    assert_eq!(ignored(&bench).await, [6]);
    assert_eq!(history(&bench, 1).await[0].comment.as_deref(), Some("Back"));
}

async fn what_is_ignored_for_a_time_comes_back(bench: Bench) {
    bench.add_subscription().await;
    let found = alive(HOST, vec![finding(5, None), finding(6, None)], &[5, 6]);
    bench.scan_host(&found, 100).await;
    let wanted = on(HOST, &[5, 6]);
    bench.store.ignore_detections(&wanted, &ignoring(Some(500)), 10, at(200)).await.unwrap();
    bench.scan_host(&alive(HOST, vec![finding(5, None)], &[5, 6]), 300).await;
    assert_eq!(bench.store.bring_tickets_back(at(499)).await.unwrap(), 0);
    assert_eq!(bench.store.bring_tickets_back(at(500)).await.unwrap(), 2);
    assert_eq!(bench.store.bring_tickets_back(at(501)).await.unwrap(), 0);
    assert_eq!(states(&bench).await, [TicketState::Reopened, TicketState::Fixed]);
    assert!(ignored(&bench).await.is_empty());
    assert_eq!(history(&bench, 1).await[0].actor, "service");
}

async fn deleted_tickets_leave_their_numbers(bench: Bench) {
    bench.add_subscription().await;
    find(&bench, HOST, &[5, 6, 150], 100).await;
    let ada = login("quays_ab1");
    let gone = bench.store.delete_tickets(&BTreeSet::from([2, 3, 9]), &ada, at(200)).await.unwrap();
    assert_eq!(gone, [2, 3]);
    assert!(ignored(&bench).await.is_empty(), "what the ticket ignored is ignored no longer");
    let deleted = async |numbers, from, to| {
        let times = (from, to);
        let found = bench.store.list_deleted_tickets(numbers, times, 10).await.unwrap();
        found.into_iter().map(|ticket| ticket.number).collect::<Vec<_>>()
    };
    assert_eq!(deleted((0, u64::MAX), None, None).await, [2, 3]);
    assert_eq!(deleted((3, 9), Some(at(200)), Some(at(200))).await, [3]);
    assert_eq!(deleted((0, 9), Some(at(201)), None).await, [0; 0]);
    assert_eq!(bench.store.list_ticket_changes(&[2]).await.unwrap(), []);
    // Found again, it is another ticket.
    find(&bench, HOST, &[5, 6], 300).await;
    assert_eq!(tickets(&bench).await.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), [1, 4]);
}

async fn queries_choose(bench: Bench) {
    bench.add_subscription().await;
    for host in 1..=3 {
        find(&bench, &format!("10.0.0.{host}"), &[5, 150], 100 * host).await;
    }
    let everything = TicketQuery::everything(100);
    let check = async |query: TicketQuery, expected: &[u64]| {
        let found = bench.store.list_tickets(&query).await.unwrap();
        assert_eq!(found.iter().map(|ticket| ticket.number).collect::<Vec<_>>(), expected, "{query:?}");
    };
    check(TicketQuery { limit: 2, first: 3, ..everything.clone() }, &[3, 4]).await;
    check(TicketQuery { last: 1, ..everything.clone() }, &[1]).await;
    check(TicketQuery { states: vec![TicketState::Ignored], ..everything.clone() }, &[2, 4, 6]).await;
    check(TicketQuery { changed_from: Some(at(300)), ..everything.clone() }, &[5, 6]).await;
    check(TicketQuery { changed_to: Some(at(199)), ..everything.clone() }, &[1, 2]).await;
    let second = ip("10.0.0.2");
    check(TicketQuery { first_ip: second, last_ip: second, ..everything.clone() }, &[3, 4]).await;
    check(TicketQuery { assignee: Some(login("nobody")), ..everything.clone() }, &[]).await;
    let host_id = tickets(&bench).await[4].host_id;
    check(TicketQuery { host_id: Some(host_id), ..everything.clone() }, &[5, 6]).await;
    let with_result = TicketQuery { with_result: true, limit: 1, ..everything };
    assert_eq!(bench.store.list_tickets(&with_result).await.unwrap()[0].result, "evidence of 5");
}

crate::both!(
    results_make_and_move_tickets,
    what_is_resolved_is_verified,
    a_host_full_of_findings_has_a_ticket_for_each,
    edits_change_what_they_name,
    two_edits_at_once_both_count,
    results_and_edits_take_turns,
    detections_are_ignored_and_restored,
    what_is_ignored_for_a_time_comes_back,
    deleted_tickets_leave_their_numbers,
    queries_choose,
);
