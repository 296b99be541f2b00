//! From what was seen to what is delivered: the KnowledgeBase's judgement and its limits.
//!
//! A host that was not looked at to the end proves only what was found on it. What is missing
//! there may have been missed, so it must not close a detection: `tested` then names the QIDs
//! found and no others, and ports whose services were cut short do not count as looked at.

use std::sync::Arc;

use palisade_model::{HostResult, PortSet, Qid, Transport};

use crate::order::ScanOrder;
use crate::scan::ScanContext;
use crate::sheet::{Known, Sheet};

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
    let facts = known.facts.clone();
    let judging = tokio::task::spawn_blocking(move || {
        if facts.alive { Some(kb.judge(&facts, wanted.as_deref())) } else { None }
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
        findings.append(&mut known.template_findings);
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

fn looked_at(known: &Known, ports: &[u16], transport: Transport) -> PortSet {
    ports.iter().copied().filter(|port| !known.unfinished.contains(&(*port, transport))).collect()
}
