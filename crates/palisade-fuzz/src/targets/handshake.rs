//! TLS and SSL: flights, whole enumerations, certificates.

use std::net::Ipv4Addr;

use palisade_probe::conversation::{Conversation, Step};
use palisade_probe::tls::old_trial::{OldTrial, OldTrialConversation, TicketConversation};
use palisade_probe::tls::{
    Enumeration, EnumerationOptions, Flight, OldClient, Outcome, ReactionReader, ServerFlight,
    certificate_facts, names_match, sslv2,
};

use super::answers;
use crate::Target;

pub const TARGETS: &[Target] = &[
    Target { name: "certificate", run: certificate },
    Target { name: "tls", run: tls },
    Target { name: "tls-client", run: tls_client },
    Target { name: "tls-enumeration", run: tls_enumeration },
];

fn certificate(input: &[u8]) {
    let facts = certificate_facts(input, 1_800_000_000);
    let names = [facts.subject.clone(), "www.example.test".to_owned()];
    let _ = names_match(&facts, &names, Ipv4Addr::new(192, 0, 2, 7).into());
}

fn flight(input: &[u8], piece: usize) -> Flight {
    let mut flight = ServerFlight::new();
    for bytes in input.chunks(piece.max(1)) {
        flight.feed(bytes);
    }
    flight.into_flight()
}

/// How a flight is cut into pieces makes no difference.
fn tls(input: &[u8]) {
    let whole = flight(input, input.len());
    let pieces = flight(input, 11);
    // What no protocol begins with is kept as far as it came.
    if whole.foreign.is_empty() && pieces.foreign.is_empty() {
        assert_eq!(whole, pieces);
    }
    drop(sslv2::parse_answer(input));
}

/// How what a server says is cut into pieces makes no difference to our old client. It talks to an end
/// also where it tries the server.
fn tls_client(input: &[u8]) {
    for trial in OldTrial::ALL {
        tried(trial, input, input.len());
        tried(trial, input, 13);
    }
    let mut ticket = TicketConversation::new(Some("host.test"), [7; 32]);
    ticket.start();
    if ticket.receive(input) == Step::Done
        && let Some(mut back) = ticket.finish()
    {
        back.start();
        back.receive(input);
        let _ = back.finish();
    }
    let talk = |piece: usize| {
        let (mut client, _) = OldClient::new(Some("host.test"), [7; 32]);
        let (mut reply, mut received) = (Vec::new(), Vec::new());
        let mut fine = true;
        for bytes in input.chunks(piece.max(1)) {
            fine = fine && client.feed(bytes, &mut reply, &mut received).is_ok();
        }
        (fine, client.is_open(), reply, received)
    };
    assert_eq!(talk(input.len()), talk(13));
}

/// The verdict on a server that says all this, whatever it hears.
fn tried(trial: OldTrial, input: &[u8], piece: usize) -> Option<bool> {
    let mut conversation = OldTrialConversation::new(trial, Some("host.test"), [7; 32]);
    conversation.start();
    let mut received = Vec::new();
    for bytes in input.chunks(piece.max(1)) {
        received.extend_from_slice(bytes);
        match conversation.receive(&received) {
            Step::NeedMore => {}
            Step::Send(_) => received.clear(),
            _ => return conversation.finish(),
        }
    }
    conversation.closed(&received);
    conversation.finish()
}

/// Whatever a server answers, asking comes to an end.
fn tls_enumeration(input: &[u8]) {
    let answers = answers(input);
    let mut enumeration = Enumeration::new(EnumerationOptions::default());
    let mut turn = 0_usize;
    while let Some(attempt) = enumeration.next_attempt() {
        let answer = answers.get(turn % answers.len()).copied().unwrap_or_default();
        let outcome = if answer.is_empty() {
            Outcome::Closed
        } else {
            let flight = Box::new(flight(answer, answer.len()));
            if attempt.follow.is_some() && flight.complete {
                let mut reaction = ReactionReader::new();
                let next = answers.get((turn + 1) % answers.len()).copied().unwrap_or_default();
                reaction.feed(next);
                Outcome::Followed(flight, reaction.finish(turn.is_multiple_of(2)))
            } else {
                Outcome::Flight(flight)
            }
        };
        enumeration.answer(attempt.id, outcome);
        turn += 1;
        assert!(turn <= 1_000, "it goes on for ever");
    }
    drop(enumeration.finish());
}
