//! What is known of CVEs: their records, whether they are exploited, how likely they are to be, and
//! the QIDs they have been given.

use std::collections::BTreeMap;

use palisade_model::cve::{Cvss, CvssScores, ExploitScore, KnownExploited};
use palisade_model::osv::{AffectedPackage, PackageAdvisory};
use palisade_model::{Cve, CveId, Qid, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::Result;
use crate::feed::count_revision;
use crate::row::Read;
use crate::statement::{ROWS_PER_STATEMENT, placeholders};
use crate::store::Store;

const CVE_COLUMNS: &str = "number, published_at, modified_at, rejected, description, cvss2_score,
    cvss2_vector, cvss3_score, cvss3_vector, cvss4_score, cvss4_vector, cwes, configurations";

/// What the lists say of a CVE.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CveKnowledge {
    pub record: Option<Cve>,
    pub known_exploited: Option<KnownExploited>,
    pub exploit_score: Option<ExploitScore>,
}

/// The same for many.
pub type KnowledgeOfCves = BTreeMap<CveId, CveKnowledge>;

impl Store {
    /// Records that speak about a product as vulnerable, at most `count_max`, by number. Those that
    /// were taken back are not among them.
    pub async fn list_cves_of_product(
        &self,
        vendor: &str,
        product: &str,
        count_max: u32,
    ) -> Result<Vec<Cve>> {
        let statement = format!(
            "SELECT {CVE_COLUMNS} FROM cve WHERE import_id = 0 AND number IN (
                 SELECT cve FROM cve_product WHERE import_id = 0 AND vendor = $1 AND product = $2)
             ORDER BY number LIMIT $3 + 0"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(vendor.to_owned())
            .bind(product.to_owned())
            .bind(i64::from(count_max))
            .fetch_all(self.pool())
            .await?;
        rows.iter().map(read_cve).collect()
    }

    /// What the lists say of these CVEs; those of which they say nothing are left out.
    pub async fn list_cve_knowledge(&self, cves: &[CveId]) -> Result<KnowledgeOfCves> {
        let mut known = KnowledgeOfCves::new();
        for chunk in cves.chunks(ROWS_PER_STATEMENT) {
            for row in &self.rows_of(CVE_COLUMNS, "cve", "number", chunk).await? {
                let cve = read_cve(row)?;
                let of_cve = known.entry(cve.id.clone()).or_default();
                of_cve.record = Some(cve);
            }
            let columns = "cve, vendor, product, name, added_on, due_on, action, ransomware";
            for row in &self.rows_of(columns, "known_exploited", "cve", chunk).await? {
                let entry = read_known_exploited(row)?;
                let of_cve = known.entry(entry.cve.clone()).or_default();
                of_cve.known_exploited = Some(entry);
            }
            let columns = "cve, probability, percentile";
            for row in &self.rows_of(columns, "exploit_score", "cve", chunk).await? {
                let score = read_exploit_score(row)?;
                let of_cve = known.entry(score.cve.clone()).or_default();
                of_cve.exploit_score = Some(score);
            }
        }
        Ok(known)
    }

    async fn rows_of(&self, columns: &str, table: &str, key: &str, cves: &[CveId]) -> Result<Vec<AnyRow>> {
        let statement = format!(
            "SELECT {columns} FROM {table} WHERE import_id = 0 AND {key} IN {}",
            placeholders(1, cves.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for cve in cves {
            query = query.bind(cve.to_string());
        }
        Ok(query.fetch_all(self.pool()).await?)
    }

    /// Advisories about a package of an ecosystem, at most `count_max`, by name; each with that
    /// package alone. Those that were taken back are not among them.
    pub async fn list_advisories_of_package(
        &self,
        ecosystem: &str,
        package: &str,
        count_max: u32,
    ) -> Result<Vec<PackageAdvisory>> {
        let rows = sqlx::query(
            "SELECT name, modified_at, published_at, withdrawn, summary, aliases, severities, affected
             FROM advisory_package JOIN advisory ON advisory.name = advisory_package.advisory
             WHERE advisory.import_id = 0 AND advisory_package.import_id = 0 AND withdrawn = 0
                 AND ecosystem = $1 AND package = $2
             ORDER BY name, number LIMIT $3 + 0",
        )
        .bind(ecosystem.to_owned())
        .bind(package.to_owned())
        .bind(i64::from(count_max))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read_advisory).collect()
    }

    /// The QIDs that CVEs have been given.
    pub async fn list_cve_qids(&self) -> Result<BTreeMap<CveId, Qid>> {
        let rows = sqlx::query("SELECT cve, qid FROM cve_qid").fetch_all(self.pool()).await?;
        rows.iter().map(read_qid).collect()
    }

    /// Gives each of these CVEs a QID, from `first` up, unless it has one; gives the QIDs of all.
    pub async fn assign_cve_qids(
        &self,
        cves: &[CveId],
        first: Qid,
        now: Timestamp,
    ) -> Result<BTreeMap<CveId, Qid>> {
        let mut write = self.write().await?;
        // The revision's row lines those up who assign at the same time.
        count_revision(&mut write).await?;
        let row = sqlx::query("SELECT COALESCE(MAX(qid), $1) AS last FROM cve_qid")
            .bind(i64::from(first.number()) - 1)
            .fetch_one(write.connection())
            .await?;
        let mut last = Read::new("cve_qid", &row).number("last")?;
        let mut assigned = BTreeMap::new();
        for cve in cves {
            let row = sqlx::query(
                "INSERT INTO cve_qid (cve, qid, assigned_at) VALUES ($1, $2, $3)
                 ON CONFLICT (cve) DO UPDATE SET assigned_at = cve_qid.assigned_at RETURNING cve, qid",
            )
            .bind(cve.to_string())
            .bind(last + 1)
            .bind(now.as_microsecond())
            .fetch_one(write.connection())
            .await?;
            let (cve, qid) = read_qid(&row)?;
            last = last.max(i64::from(qid.number()));
            assigned.insert(cve, qid);
        }
        write.commit().await?;
        Ok(assigned)
    }
}

fn read_qid(row: &AnyRow) -> Result<(CveId, Qid)> {
    let read = Read::new("cve_qid", row);
    let qid = u32::try_from(read.number("qid")?).ok().and_then(Qid::new);
    Ok((read.word("cve")?, qid.ok_or_else(|| read.inconsistent("qid"))?))
}

fn read_cve(row: &AnyRow) -> Result<Cve> {
    let read = Read::new("cve", row);
    let score = |score: &'static str, vector: &'static str| {
        let Some(tenths) = read.optional_number(score)? else { return Ok(None) };
        let tenths = u8::try_from(tenths).map_err(|_| read.inconsistent(score))?;
        Ok::<_, crate::Error>(Some(Cvss {
            score: tenths,
            vector: read.optional_text(vector)?.unwrap_or_default(),
        }))
    };
    Ok(Cve {
        id: read.word("number")?,
        published_at: read.time("published_at")?,
        modified_at: read.time("modified_at")?,
        rejected: read.yes("rejected")?,
        description: read.text("description")?,
        scores: CvssScores {
            v2: score("cvss2_score", "cvss2_vector")?,
            v3: score("cvss3_score", "cvss3_vector")?,
            v4: score("cvss4_score", "cvss4_vector")?,
        },
        cwes: read.text("cwes")?.split_whitespace().map(str::to_owned).collect(),
        configurations: read.json("configurations")?,
    })
}

fn read_known_exploited(row: &AnyRow) -> Result<KnownExploited> {
    let read = Read::new("known_exploited", row);
    Ok(KnownExploited {
        cve: read.word("cve")?,
        vendor: read.text("vendor")?,
        product: read.text("product")?,
        name: read.text("name")?,
        added_on: read.word("added_on")?,
        due_on: read.optional_word("due_on")?,
        action: read.text("action")?,
        ransomware: read.yes("ransomware")?,
    })
}

fn read_exploit_score(row: &AnyRow) -> Result<ExploitScore> {
    let read = Read::new("exploit_score", row);
    let parts = |column| u32::try_from(read.number(column)?).map_err(|_| read.inconsistent(column));
    Ok(ExploitScore {
        cve: read.word("cve")?,
        probability: parts("probability")?,
        percentile: parts("percentile")?,
    })
}

fn read_advisory(row: &AnyRow) -> Result<PackageAdvisory> {
    let read = Read::new("advisory", row);
    Ok(PackageAdvisory {
        id: read.text("name")?,
        modified_at: read.time("modified_at")?,
        published_at: read.optional_time("published_at")?,
        withdrawn: read.yes("withdrawn")?,
        summary: read.text("summary")?,
        aliases: read.json("aliases")?,
        severities: read.json("severities")?,
        affected: vec![read.json::<AffectedPackage>("affected")?],
    })
}
