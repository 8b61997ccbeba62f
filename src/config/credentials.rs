//! How to get in: certificates and passwords.

use super::{ConfigError, Origins, value};
use crate::config::file::FileSettings;
use crate::model::text;
use crate::store::{Address, Pem};
use clap::Args;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The variable that may hold the password. There is no flag: others can see those.
const PASSWORD: &str = "TROLLEY_PASSWORD";
/// More is no password.
const LONGEST_PASSWORD: usize = 4096;

/// Certificates and passwords.
#[derive(Debug, Clone, Default, Args)]
pub struct AccessFlags {
    /// Read the password from this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TROLLEY_PASSWORD_FILE",
        hide_env_values = true
    )]
    pub password_file: Option<PathBuf>,
    /// Trust the authorities in this file, for rediss:// [default: those of the system]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TROLLEY_TLS_CA",
        hide_env_values = true
    )]
    pub tls_ca: Option<PathBuf>,
    /// Show this certificate to the server
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TROLLEY_TLS_CERT",
        hide_env_values = true
    )]
    pub tls_cert: Option<PathBuf>,
    /// The key of that certificate
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TROLLEY_TLS_KEY",
        hide_env_values = true
    )]
    pub tls_key: Option<PathBuf>,
}

/// Gives the address the password and the certificates in force.
pub(crate) fn equip(
    address: Option<Address>,
    flags: &AccessFlags,
    file: &FileSettings,
    origins: &mut Origins,
) -> Result<Option<Address>, ConfigError> {
    let mut named = |name, env: &str, flag: &Option<PathBuf>, file: &Option<PathBuf>| {
        let path = flag
            .clone()
            .or_else(|| file.clone())
            .filter(|path| !path.as_os_str().is_empty());
        let shown = path
            .as_ref()
            .map_or_else(String::new, |path| path.display().to_string());
        origins.note(name, shown, env, flag.is_some(), file.is_some());
        path
    };
    let ca = named("tls_ca", "TROLLEY_TLS_CA", &flags.tls_ca, &file.tls_ca);
    let cert = named(
        "tls_cert",
        "TROLLEY_TLS_CERT",
        &flags.tls_cert,
        &file.tls_cert,
    );
    let key = named("tls_key", "TROLLEY_TLS_KEY", &flags.tls_key, &file.tls_key);
    let by_flag = flags.password_file.is_some();
    let stored = named(
        "password_file",
        "TROLLEY_PASSWORD_FILE",
        &flags.password_file,
        &file.password_file,
    );
    let environment = std::env::var(PASSWORD)
        .ok()
        .filter(|password| !password.is_empty());

    let password = match (environment, stored) {
        (Some(password), None) => Some(password),
        (Some(password), Some(_)) if !by_flag => Some(password),
        (_, Some(path)) => Some(password_in(&path)?),
        (None, None) => None,
    };
    let Some(mut address) = address else {
        return Ok(None);
    };
    if let Some(password) = password {
        address = address.with_password(&password);
    }
    if ca.is_some() || cert.is_some() || key.is_some() {
        if !address.is_tls() {
            return Err(value(
                "tls_ca",
                &"certificates are for rediss://, and the address is not that",
            ));
        }
        let client = match (cert, key) {
            (Some(cert), Some(key)) => Some((pem("tls_cert", &cert)?, pem("tls_key", &key)?)),
            (None, None) => None,
            (Some(_), None) => return Err(value("tls_key", &"the certificate needs its key")),
            (None, Some(_)) => return Err(value("tls_cert", &"the key needs its certificate")),
        };
        let authorities = ca.map(|ca| pem("tls_ca", &ca)).transpose()?;
        address = address
            .with_tls(Pem {
                authorities,
                client,
            })
            .map_err(|why| value("tls_ca", &why))?;
    }
    Ok(Some(address))
}

fn pem(setting: &'static str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    let read = std::fs::read(path).map_err(|error| unreadable(setting, path, &error))?;
    let says = |part: &str| {
        read.windows(part.len())
            .any(|window| window == part.as_bytes())
    };
    if says("-----BEGIN ") {
        return Ok(read);
    }
    Err(value(setting, &format!("{} is no PEM file", shown(path))))
}

/// The first line of a file that only its owner may read.
fn password_in(path: &Path) -> Result<String, ConfigError> {
    let setting = "password_file";
    let read = std::fs::read(path).map_err(|error| unreadable(setting, path, &error))?;
    let mode = std::fs::metadata(path)
        .map_err(|error| unreadable(setting, path, &error))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let why = format!("others can read it: chmod 600 {}", shown(path));
        return Err(value(setting, &why));
    }
    let line = read
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    match std::str::from_utf8(line) {
        Ok(password) if !password.is_empty() && password.len() <= LONGEST_PASSWORD => {
            Ok(password.to_owned())
        }
        _ => Err(value(
            setting,
            &format!("{} has no password in its first line", shown(path)),
        )),
    }
}

fn unreadable(setting: &'static str, path: &Path, error: &std::io::Error) -> ConfigError {
    value(setting, &format!("{}: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    text::sanitize_to(path.as_os_str().as_encoded_bytes(), 200)
}
