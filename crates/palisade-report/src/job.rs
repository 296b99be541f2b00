//! Making saved reports in the background: one at a time a server, for as long as the server runs.
//!
//! A server that dies leaves its report leased; it takes it up again when it starts, and another
//! server does when the lease is over. What a report says is decided when it is made.

use std::future::Future;
use std::pin::pin;

use palisade_app::{App, Error as AppError, ReportPlan, ReportTask};
use palisade_model::ReportFormat;
use palisade_wire::{Dtd, XmlWriter, dtd};

use crate::asset_report::Origin;
use crate::pages::{Lines, Pages, Percent, WriteError};
use crate::{asset_report, asset_report_csv, map_report, patch_report, scorecard, ticket_report};

/// Makes reports until `stop` resolves. The one being made then is taken up at the next start.
pub async fn make_reports(app: &App, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut is_taken_up = false;
    loop {
        let step = async {
            if !is_taken_up {
                let taken_up = app.take_up_reports().await?;
                if taken_up > 0 {
                    tracing::info!(taken_up, "took up the reports that the last process left");
                }
                is_taken_up = true;
            }
            // On the heap: it holds everything that a report is made with.
            Box::pin(make_next_report(app)).await
        };
        let made = tokio::select! {
            biased;
            () = &mut stop => return,
            made = step => made,
        };
        match made {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "saved reports cannot be looked after"
            ),
        }
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = app.reports_changed() => {}
        }
    }
}

/// Makes the report that waits the longest; `false` when none does.
///
/// # Errors
///
/// When what became of it could not be noted. A report that cannot be made is no error here.
pub async fn make_next_report(app: &App) -> Result<bool, AppError> {
    let Some(task) = app.lease_report().await? else { return Ok(false) };
    let percent = Percent::default();
    let making = Box::pin(make(app, &task, &percent));
    match app.hold_report(&task, || percent.get(), making).await? {
        None => app.drop_report(&task).await?,
        Some(Ok((document, size_bytes))) => app.complete_report(&task, &document, size_bytes).await?,
        Some(Err(error)) => app.fail_report(&task, &error).await?,
    }
    Ok(true)
}

/// Writes the report into its document; gives the document's name and size.
async fn make(app: &App, task: &ReportTask, percent: &Percent) -> Result<(String, u64), AppError> {
    let plan = app.plan_report(&task.owner, &task.job.subject).await?;
    let (written, saved) = match task.job.format {
        ReportFormat::Xml => {
            let (root, dtd) = document_type(&plan);
            let mut xml = XmlWriter::document(root, &dtd.url(&task.job.base_url));
            xml.open(root, &[]);
            let (pages, document) = Pages::watched(xml, percent.clone());
            tokio::join!(write_xml(pages, app, task, plan), app.write_report(task, document))
        }
        ReportFormat::Csv => {
            let (lines, document) = Lines::watched(percent.clone());
            tokio::join!(write_csv(lines, app, task, plan), app.write_report(task, document))
        }
    };
    match written {
        Err(WriteError::Read(error)) => Err(error),
        // The document was given up first, and says why.
        Ok(()) | Err(WriteError::Disconnected(_)) => saved,
    }
}

/// Root and type of the document as XML.
fn document_type(plan: &ReportPlan) -> (&'static str, &'static Dtd) {
    match plan {
        ReportPlan::Hosts(_) | ReportPlan::Scans(_) => ("ASSET_DATA_REPORT", &dtd::ASSET_DATA_REPORT),
        ReportPlan::Patches(_) => ("PATCH_REPORT", &dtd::v2::PATCH_REPORT),
        ReportPlan::Map(_) => ("MAP_REPORT", &dtd::v2::MAP_REPORT),
        // Refused when it was asked for.
        ReportPlan::Tickets(_) => ("SIMPLE_RETURN", &dtd::v2::SIMPLE_RETURN),
        ReportPlan::Scorecard(plan) => scorecard::document_type(plan.scorecard),
    }
}

async fn write_xml(
    mut pages: Pages,
    app: &App,
    task: &ReportTask,
    plan: ReportPlan,
) -> Result<(), WriteError> {
    let origin = origin(app, task);
    match plan {
        ReportPlan::Hosts(report) | ReportPlan::Scans(report) => {
            let summary = app.summarise_asset_report(&report).await?;
            asset_report::write_head(&mut pages.xml, &origin, &report, summary);
            let document = asset_report::Document::Report;
            asset_report::write_body(&mut pages, app, report.into(), document).await?;
        }
        ReportPlan::Patches(report) => {
            patch_report::write_xml(&mut pages, app, &origin, report.into()).await?;
        }
        ReportPlan::Map(plan) => map_report::write_xml(&mut pages, app, task, &origin, &plan).await?,
        ReportPlan::Tickets(_) => {
            return Err(AppError::ReportNotMade { what: "reports on tickets are made as csv" }.into());
        }
        ReportPlan::Scorecard(plan) => scorecard::write_xml(&mut pages, app, task, &origin, *plan).await?,
    }
    Ok(pages.end().await?)
}

async fn write_csv(
    mut lines: Lines,
    app: &App,
    task: &ReportTask,
    plan: ReportPlan,
) -> Result<(), WriteError> {
    match plan {
        ReportPlan::Hosts(report) | ReportPlan::Scans(report) => {
            asset_report_csv::write(&mut lines, app, task, report.into()).await?;
        }
        ReportPlan::Patches(report) => patch_report::write_csv(&mut lines, app, task, report.into()).await?,
        ReportPlan::Map(plan) => map_report::write_csv(&mut lines, app, task, &plan).await?,
        ReportPlan::Tickets(plan) => ticket_report::write_csv(&mut lines, app, task, &plan).await?,
        ReportPlan::Scorecard(plan) => scorecard::write_csv(&mut lines, app, task, *plan).await?,
    }
    Ok(lines.end().await?)
}

fn origin<'a>(app: &'a App, task: &'a ReportTask) -> Origin<'a> {
    Origin { company: app.company(), login: task.job.login.as_str(), at: app.clock().now() }
}
