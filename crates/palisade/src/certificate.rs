//! The server's own certificate, made on first start.

use std::net::IpAddr;

use palisade_model::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

/// How long the certificate is good for: what browsers still accept of a server's certificate.
const VALIDITY_DAYS: i64 = 397;

/// A self-signed certificate and its key, both PEM, for the names a first user types:
/// `localhost`, the loopback addresses, this machine's name and the address listened on.
///
/// # Errors
/// When the cryptography library refuses a name or cannot make a key.
pub(crate) fn self_signed(
    machine: Option<&str>,
    listen: IpAddr,
    now: Timestamp,
) -> Result<(String, String), rcgen::Error> {
    let mut names = vec!["localhost".to_owned()];
    names.extend(machine.map(str::to_owned).filter(|name| name != "localhost"));
    let mut params = CertificateParams::new(names)?;
    for address in
        ["127.0.0.1".parse::<IpAddr>().ok(), "::1".parse().ok(), Some(listen)].into_iter().flatten()
    {
        let name = SanType::IpAddress(address);
        if !address.is_unspecified() && !params.subject_alt_names.contains(&name) {
            params.subject_alt_names.push(name);
        }
    }
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, machine.unwrap_or("localhost"));
    subject.push(DnType::OrganizationName, "Palisade (self-signed)");
    params.distinguished_name = subject;
    let midnight = |days: i64| {
        let shifted = Timestamp::from_second(now.as_second() + days * 86_400).unwrap_or(now);
        let date = shifted.to_zoned(jiff::tz::TimeZone::UTC).date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    // A day of grace for clients whose clock is behind.
    params.not_before = midnight(-1);
    params.not_after = midnight(VALIDITY_DAYS);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}
