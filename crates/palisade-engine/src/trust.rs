//! Whether a certificate chain, as sent, ends at an authority this machine trusts.
//!
//! The machine's own store is read once. Where it has none, nothing is said: `None` is not
//! "untrusted". Names and, deliberately, the time are left out of the question: an expired
//! certificate of a trusted authority is expired, not untrusted. Revocation is not looked at.

use std::sync::{Arc, OnceLock};

use palisade_model::fact::CertificateFacts;
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;

/// Whether the chain `certificates` (leaf first, DER) leads to a trusted authority; `leaf` are the
/// facts of its first, from which a moment is taken at which it was valid. `None` when the machine
/// trusts nobody or there is no chain.
pub(crate) fn is_trusted(certificates: &[Vec<u8>], leaf: &CertificateFacts) -> Option<bool> {
    let roots = machine_roots()?;
    let (first, rest) = certificates.split_first()?;
    let first = CertificateDer::from(first.as_slice());
    let Ok(parsed) = ParsedCertificate::try_from(&first) else { return Some(false) };
    let rest: Vec<CertificateDer<'_>> =
        rest.iter().map(|each| CertificateDer::from(each.as_slice())).collect();
    let middle = leaf.not_before.midpoint(leaf.not_after);
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(middle).unwrap_or(0)));
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    Some(verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &rest, now, algorithms.all).is_ok())
}

fn machine_roots() -> Option<Arc<RootCertStore>> {
    static ROOTS: OnceLock<Option<Arc<RootCertStore>>> = OnceLock::new();
    ROOTS
        .get_or_init(|| {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            (!store.is_empty()).then(|| Arc::new(store))
        })
        .clone()
}
