//! The rows of feeds, written many at a time.

use palisade_model::Cve;
use palisade_model::cve::{Cvss, ExploitScore, KnownExploited};
use palisade_model::osv::{AffectedPackage, PackageAdvisory};
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::detection::storable;
use crate::error::Result;
use crate::row::json_text;
use crate::statement::{ROWS_PER_STATEMENT, placeholders};
use crate::store::Write;

type Statement = Query<'static, Any, AnyArguments>;

/// Inserts rows, each bound by `bind`, which binds as many values as there are columns. Of rows with
/// one key the first stays.
async fn insert<T>(
    write: &mut Write,
    table: &str,
    columns: &[&str],
    rows: &[T],
    bind: impl Fn(Statement, &T) -> Result<Statement>,
) -> Result<()> {
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        let statement = format!(
            "INSERT INTO {table} ({}) VALUES {} ON CONFLICT DO NOTHING",
            columns.join(", "),
            placeholders(chunk.len(), columns.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for row in chunk {
            query = bind(query, row)?;
        }
        query.execute(write.connection()).await?;
    }
    Ok(())
}

pub(crate) async fn insert_cves(write: &mut Write, import: i64, cves: &[Cve]) -> Result<()> {
    const COLUMNS: [&str; 14] = [
        "import_id",
        "number",
        "published_at",
        "modified_at",
        "rejected",
        "description",
        "cvss2_score",
        "cvss2_vector",
        "cvss3_score",
        "cvss3_vector",
        "cvss4_score",
        "cvss4_vector",
        "cwes",
        "configurations",
    ];
    insert(write, "cve", &COLUMNS, cves, |query, cve| {
        let Cve { id, published_at, modified_at, rejected, description, scores, cwes, configurations } = cve;
        let mut query = query
            .bind(import)
            .bind(id.to_string())
            .bind(published_at.as_microsecond())
            .bind(modified_at.as_microsecond())
            .bind(i64::from(*rejected))
            .bind(storable(description));
        for score in [&scores.v2, &scores.v3, &scores.v4] {
            query = bind_score(query, score.as_ref());
        }
        Ok(query.bind(storable(&cwes.join(" "))).bind(storable(&json_text(configurations)?)))
    })
    .await?;
    let products: Vec<(String, String, String)> = cves
        .iter()
        .filter(|cve| !cve.rejected)
        .flat_map(|cve| {
            let named = |(vendor, product)| (vendor, product, cve.id.to_string());
            cve.products().into_iter().map(named)
        })
        .collect();
    let columns = ["import_id", "vendor", "product", "cve"];
    insert(write, "cve_product", &columns, &products, |query, (vendor, product, cve)| {
        Ok(query.bind(import).bind(storable(vendor)).bind(storable(product)).bind(cve.clone()))
    })
    .await
}

fn bind_score(query: Statement, score: Option<&Cvss>) -> Statement {
    query.bind(score.map(|score| i64::from(score.score))).bind(score.map(|score| storable(&score.vector)))
}

pub(crate) async fn insert_known_exploited(
    write: &mut Write,
    import: i64,
    entries: &[KnownExploited],
) -> Result<()> {
    const COLUMNS: [&str; 9] =
        ["import_id", "cve", "vendor", "product", "name", "added_on", "due_on", "action", "ransomware"];
    insert(write, "known_exploited", &COLUMNS, entries, |query, entry| {
        let KnownExploited { cve, vendor, product, name, added_on, due_on, action, ransomware } = entry;
        Ok(query
            .bind(import)
            .bind(cve.to_string())
            .bind(storable(vendor))
            .bind(storable(product))
            .bind(storable(name))
            .bind(added_on.to_string())
            .bind(due_on.map(|day| day.to_string()))
            .bind(storable(action))
            .bind(i64::from(*ransomware)))
    })
    .await
}

pub(crate) async fn insert_exploit_scores(
    write: &mut Write,
    import: i64,
    scores: &[ExploitScore],
) -> Result<()> {
    let columns = ["import_id", "cve", "probability", "percentile"];
    insert(write, "exploit_score", &columns, scores, |query, score| {
        let ExploitScore { cve, probability, percentile } = score;
        Ok(query
            .bind(import)
            .bind(cve.to_string())
            .bind(i64::from(*probability))
            .bind(i64::from(*percentile)))
    })
    .await
}

pub(crate) async fn insert_advisories(
    write: &mut Write,
    import: i64,
    advisories: &[PackageAdvisory],
) -> Result<()> {
    const COLUMNS: [&str; 8] =
        ["import_id", "name", "modified_at", "published_at", "withdrawn", "summary", "aliases", "severities"];
    insert(write, "advisory", &COLUMNS, advisories, |query, advisory| {
        let PackageAdvisory {
            id,
            modified_at,
            published_at,
            withdrawn,
            summary,
            aliases,
            severities,
            affected: _, // rows of their own
        } = advisory;
        Ok(query
            .bind(import)
            .bind(storable(id))
            .bind(modified_at.as_microsecond())
            .bind(published_at.map(palisade_model::Timestamp::as_microsecond))
            .bind(i64::from(*withdrawn))
            .bind(storable(summary))
            .bind(storable(&json_text(aliases)?))
            .bind(storable(&json_text(severities)?)))
    })
    .await?;
    let packages: Vec<(&str, i64, &AffectedPackage)> = advisories
        .iter()
        .flat_map(|advisory| {
            (0..).zip(&advisory.affected).map(|(number, package)| (advisory.id.as_str(), number, package))
        })
        .collect();
    let columns = ["import_id", "advisory", "number", "ecosystem", "package", "affected"];
    insert(write, "advisory_package", &columns, &packages, |query, (advisory, number, package)| {
        Ok(query
            .bind(import)
            .bind(storable(advisory))
            .bind(*number)
            .bind(storable(&package.ecosystem))
            .bind(storable(&package.name))
            .bind(storable(&json_text(package)?)))
    })
    .await
}
