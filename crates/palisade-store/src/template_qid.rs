//! The numbers of community templates: given once, and never to another.

use std::collections::{BTreeMap, BTreeSet};

use palisade_model::{Qid, Timestamp};

use crate::error::Result;
use crate::row::Read;
use crate::store::Store;

impl Store {
    /// The QIDs of these templates. Those that have none get what `choose` gives for their id and the
    /// QIDs that are taken; for what it refuses there is none in the answer.
    pub async fn number_templates(
        &self,
        ids: &BTreeSet<String>,
        now: Timestamp,
        choose: impl Fn(&str, &BTreeSet<Qid>) -> Option<Qid> + Send + Sync,
    ) -> Result<BTreeMap<String, Qid>> {
        let mut write = self.write().await?;
        sqlx::query(self.dialect().lock_subscription()).fetch_one(write.connection()).await?;
        let rows =
            sqlx::query("SELECT template_id, qid FROM template_qid").fetch_all(write.connection()).await?;
        let (mut taken, mut numbered) = (BTreeSet::new(), BTreeMap::new());
        for row in &rows {
            let read = Read::new("template_qid", row);
            let number = u32::try_from(read.number("qid")?).ok().and_then(Qid::new);
            let qid = number.ok_or_else(|| read.inconsistent("qid"))?;
            taken.insert(qid);
            let id = read.text("template_id")?;
            if ids.contains(&id) {
                numbered.insert(id, qid);
            }
        }
        for id in ids {
            if numbered.contains_key(id) {
                continue;
            }
            let Some(qid) = choose(id, &taken) else { continue };
            sqlx::query("INSERT INTO template_qid (template_id, qid, assigned_at) VALUES ($1, $2, $3)")
                .bind(id.clone())
                .bind(i64::from(qid.number()))
                .bind(now.as_microsecond())
                .execute(write.connection())
                .await?;
            taken.insert(qid);
            numbered.insert(id.clone(), qid);
        }
        write.commit().await?;
        Ok(numbered)
    }
}
