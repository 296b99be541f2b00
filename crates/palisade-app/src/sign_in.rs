//! What a scanner is given to sign in with: the records for the hosts of a slice, as far as the
//! option profile switches their technologies on. The only place where secrets are decrypted for use.

use palisade_model::{IpSet, OptionProfile, SignIn};
use palisade_store::AuthRecord;

use crate::app::App;
use crate::error::Result;

impl App {
    /// The records for some of the `targets`, with their secrets where the scanner can use them.
    pub(crate) async fn sign_ins(&self, targets: &IpSet, profile: &OptionProfile) -> Result<Vec<SignIn>> {
        if profile.authentication.is_empty() {
            return Ok(Vec::new());
        }
        let records = self.store().list_auth_records(None).await?;
        let wanted = |record: &AuthRecord| {
            record.kind.switch.is_none_or(|switch| profile.authentication.contains(&switch))
        };
        let mut sign_ins = Vec::new();
        for record in records.into_iter().filter(wanted) {
            // A realm or a virtual host may be on any host; where it is, the scan finds out.
            let anywhere = record.ips.is_empty() && record.content.names_a_web_place();
            let hosts = if anywhere { targets.clone() } else { record.ips.intersection(targets) };
            if !hosts.is_empty() {
                sign_ins.push(self.sign_in(record, hosts));
            }
        }
        Ok(sign_ins)
    }

    fn sign_in(&self, record: AuthRecord, ips: IpSet) -> SignIn {
        let mut unusable = None;
        if !record.kind.signs_in {
            unusable = Some(format!("the scanner does not sign in to {} yet", record.kind.title));
        } else if record.content.vault.is_some() {
            unusable = Some("the password is kept by a vault, and vaults are not asked yet".to_owned());
        }
        let secrets = match &unusable {
            Some(_) => Ok(palisade_model::Secrets::default()),
            None => self.secrets_of_record(&record),
        };
        let secrets = secrets.unwrap_or_else(|_| {
            tracing::error!(
                record = record.id,
                "the secrets of an authentication record cannot be decrypted"
            );
            unusable = Some("its secrets were encrypted under another master key".to_owned());
            palisade_model::Secrets::default()
        });
        SignIn {
            record_id: record.id,
            kind: record.kind,
            ips,
            fields: record.content.fields,
            root_tools: record.content.root_tools,
            private_keys: record.content.private_keys,
            secrets,
            unusable,
        }
    }
}
