//! From what was seen to what is delivered: the KnowledgeBase's judgement and its limits.
//!
//! A host that was not looked at to the end proves only what was found on it. What is missing
//! there may have been missed, so it must not close a detection: `tested` then names the QIDs
//! found and no others, and ports whose services were cut short do not count as looked at.

use std::sync::Arc;

use palisade_kb::KnowledgeBase;
use palisade_model::{Finding, HostFacts, HostResult, PortFacts, PortSet, Qid, Transport, VirtualName};

use crate::order::ScanOrder;
use crate::scan::ScanContext;
use crate::sheet::{Known, Sheet};

/// A result that is so long takes in no more of other names.
const RESULT_CHARACTERS_MAX: usize = 16_000;

/// How the scan of a host ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Complete,
    /// The host's time was up.
    TimedOut,
    /// A defect of ours ended it.
    Failed,
}

/// Judges what the sheet holds for the `wanted` QIDs (all for `None`) and makes the host's result of it.
pub(crate) async fn result(
    sheet: &Arc<Sheet>,
    context: &ScanContext,
    order: &ScanOrder,
    ending: Ending,
    wanted: Option<Vec<Qid>>,
) -> HostResult {
    let mut known = sheet.snapshot();
    known.facts.ended_at = context.clock.now().as_second();
    known.facts.timed_out = ending != Ending::Complete;
    known.facts.ports.sort_by_key(|port| (port.transport, port.port));
    let kb = Arc::clone(&context.kb);
    let (facts, virtual_hosts) = (known.facts.clone(), std::mem::take(&mut known.virtual_hosts));
    let judging = tokio::task::spawn_blocking(move || {
        facts.alive.then(|| {
            let mut judgement = kb.judge(&facts, wanted.as_deref());
            let by_default = judgement.findings.clone();
            for (name, port) in virtual_hosts {
                let mut found = judge_virtual_host(&kb, &facts, port, wanted.as_deref());
                // What the port shows by whatever name is there already.
                found.retain(|finding| !by_default.contains(finding));
                add_virtual_host(&mut judgement.findings, &name, found);
            }
            judgement
        })
    });
    let judgement = match judging.await {
        Ok(judgement) => judgement,
        Err(failure) => {
            tracing::error!(scan = %order.scan, host = %known.facts.address, error = %failure, "judging failed");
            None
        }
    };
    let (mut findings, mut tested) = match judgement {
        None => (Vec::new(), Vec::new()),
        Some(judgement) => {
            for (qid, reason) in &judgement.failed {
                tracing::warn!(scan = %order.scan, host = %known.facts.address, %qid, reason, "a check failed");
            }
            (judgement.findings, judgement.tested)
        }
    };
    if known.facts.alive {
        add_findings(&mut findings, std::mem::take(&mut known.template_findings));
        findings.sort_by_key(|finding| (finding.qid, finding.transport, finding.port));
        tested.append(&mut known.templates_tested);
        tested.sort_unstable();
    }
    if ending != Ending::Complete {
        tested.retain(|qid| findings.iter().any(|finding| finding.qid == *qid));
    }
    sheet.count_findings(findings.len());
    HostResult {
        findings,
        tested,
        tcp_ports: looked_at(&known, &known.tcp_ports, Transport::Tcp),
        udp_ports: looked_at(&known, &known.udp_ports, Transport::Udp),
        facts: known.facts,
    }
}

/// Counts the findings so far of the `wanted` QIDs (all for `None`), for the progress report.
pub(crate) async fn count(sheet: &Arc<Sheet>, context: &ScanContext, wanted: Option<&[Qid]>) {
    let facts = sheet.snapshot().facts;
    let kb = Arc::clone(&context.kb);
    let wanted = wanted.map(<[Qid]>::to_vec);
    let counting = move || kb.judge(&facts, wanted.as_deref()).findings.len();
    if let Ok(findings) = tokio::task::spawn_blocking(counting).await {
        sheet.count_findings(findings);
    }
}

/// What is found on a port that shows itself by the name of a virtual host.
fn judge_virtual_host(
    kb: &KnowledgeBase,
    facts: &HostFacts,
    port: PortFacts,
    wanted: Option<&[Qid]>,
) -> Vec<Finding> {
    let place = (Some(port.port), Some(port.transport));
    let facts = HostFacts { ports: vec![port], ..facts.clone() };
    let mut found = kb.judge(&facts, wanted).findings;
    found.retain(|finding| (finding.port, finding.transport) == place);
    found
}

/// Adds what was found by a name, which the results then say.
fn add_virtual_host(findings: &mut Vec<Finding>, name: &VirtualName, found: Vec<Finding>) {
    let named = found.into_iter().map(|finding| {
        let result = format!("Virtual host {name}:\n{}", finding.result);
        Finding { result: result.trim_end().to_owned(), table: false, ..finding }
    });
    add_findings(findings, named.collect());
}

/// Adds findings: a QID is found once on a port, with the results of all who found it.
fn add_findings(findings: &mut Vec<Finding>, found: Vec<Finding>) {
    for finding in found {
        let same = |known: &&mut Finding| {
            (known.qid, known.port, known.transport) == (finding.qid, finding.port, finding.transport)
        };
        match findings.iter_mut().find(same) {
            Some(known) => {
                if known.result.chars().count() < RESULT_CHARACTERS_MAX {
                    let joined = format!("{}\n\n{}", known.result, finding.result);
                    joined.trim_start().clone_into(&mut known.result);
                    known.table = false;
                }
            }
            None => findings.push(finding),
        }
    }
}

fn looked_at(known: &Known, ports: &[u16], transport: Transport) -> PortSet {
    ports.iter().copied().filter(|port| !known.unfinished.contains(&(*port, transport))).collect()
}
