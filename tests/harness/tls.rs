//! Certificates for secure connections: an authority made for the test, and what it has signed.

use super::Server;
use super::child::{Finish, command};
use super::server::{binaries, free_port};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
};
use std::path::PathBuf;

/// An authority, and what it has signed.
pub struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    /// Makes them all.
    pub fn make() -> Certificates {
        let folder = tempfile::Builder::new()
            .prefix("trolley-")
            .tempdir_in("/tmp")
            .unwrap();
        let write =
            |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        for authority in ["ca", "stranger"] {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new([]).unwrap();
            params
                .distinguished_name
                .push(DnType::CommonName, authority);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let cert = params.self_signed(&key).unwrap();
            write(&format!("{authority}.crt"), cert.pem());
            let issuer = Issuer::new(params, key);
            for (of, name, usage) in [
                ("ca", "server", ExtendedKeyUsagePurpose::ServerAuth),
                ("ca", "client", ExtendedKeyUsagePurpose::ClientAuth),
                ("stranger", "intruder", ExtendedKeyUsagePurpose::ClientAuth),
            ] {
                if of == authority {
                    let key = KeyPair::generate().unwrap();
                    let mut params =
                        CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])
                            .unwrap();
                    params.distinguished_name.push(DnType::CommonName, name);
                    params.extended_key_usages = vec![usage];
                    write(
                        &format!("{name}.crt"),
                        params.signed_by(&key, &issuer).unwrap().pem(),
                    );
                    write(&format!("{name}.key"), key.serialize_pem());
                }
            }
        }
        Certificates { folder }
    }

    /// The file of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its path as text.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

/// The first server that was built with TLS; where none of those named was, Redis.
fn talking_tls() -> String {
    let knows = |server: &String| {
        // It ends at once, and complains of the certificate or of want of TLS.
        let asked = ["--port", "0", "--tls-port", "1", "--tls-auth-clients", "no"];
        let papers = ["--tls-cert-file", "/nowhere", "--tls-key-file", "/nowhere"];
        let output = command(server).args(asked).args(papers).finish();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
            .contains("load certificate")
    };
    binaries()
        .into_iter()
        .find(knows)
        .unwrap_or_else(|| "redis-server".to_owned())
}

/// A server that talks TLS only, besides its socket; returns its port.
pub fn secure(papers: &Certificates, more: &[&str]) -> (Server, u16) {
    secure_on(papers, free_port(), more)
}

/// [`secure`] on this port.
pub fn secure_on(papers: &Certificates, port: u16, more: &[&str]) -> (Server, u16) {
    let (cert, key, ca) = (
        papers.text("server.crt"),
        papers.text("server.key"),
        papers.text("ca.crt"),
    );
    let text = port.to_string();
    let words = [
        "--tls-port",
        &text,
        "--bind",
        "127.0.0.1",
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
    ];
    let server = Server::start_with(
        &talking_tls(),
        &[&words[..], &["--tls-ca-cert-file", &ca], more].concat(),
    );
    (server, port)
}
