//! The settings for TLS: whom to trust, and how to show who we are.

use super::Pem;
use crate::model::text;
use crate::store::error::Trouble;
use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use std::fmt::Display;
use std::sync::{Arc, OnceLock};

/// The settings for these certificates.
pub(super) fn config(pem: &Pem) -> Result<ClientConfig, Trouble> {
    let mut roots = match &pem.authorities {
        Some(_) => RootCertStore::empty(),
        None => system_roots(),
    };
    for authority in certificates(pem.authorities.as_deref().unwrap_or_default())? {
        roots.add(authority).map_err(unusable)?;
    }
    if roots.is_empty() && pem.authorities.is_some() {
        return Err(unusable("--tls-ca holds no certificate"));
    }

    let config = trusting(roots)?;
    match &pem.client {
        None => Ok(config.with_no_client_auth()),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key).map_err(unusable)?;
            config
                .with_client_auth_cert(certificates(certificate)?, key)
                .map_err(unusable)
        }
    }
}

/// The settings where nothing is given.
pub(super) fn system() -> Result<Arc<ClientConfig>, Trouble> {
    // Reading the system's authorities takes a while.
    static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(known) = SYSTEM.get() {
        return Ok(known.clone());
    }
    let config = Arc::new(trusting(system_roots())?.with_no_client_auth());
    Ok(SYSTEM.get_or_init(|| config).clone())
}

fn trusting(roots: RootCertStore) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Trouble> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    Ok(config.with_root_certificates(roots))
}

/// The authorities that this machine trusts. One that can't be read is not trusted.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Trouble> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(unusable)
}

fn unusable(why: impl Display) -> Trouble {
    Trouble::Tls(text::sanitize_to(why.to_string().as_bytes(), 160))
}
