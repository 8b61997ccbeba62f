//! The password and the certificates that let us into the shop's server.

use super::origins::{PickedSetting, SettingLayers};
use super::pipe;
use super::setting_table::{SettingLayer, SettingSource};
use super::{ConfigError, invalid, shown_path};
use crate::store::{Address, Pem};
use std::io;
use std::path::{Path, PathBuf};

/// The variable that may hold the password. There is no flag: other people on the machine see
/// the command line.
pub(crate) const PASSWORD_VARIABLE: &str = "TROLLEY_PASSWORD";

/// The longest password, in bytes; a longer first line is some other file.
const LONGEST_PASSWORD: usize = 4096;

/// The password and the files of certificates in force.
pub(crate) struct Credentials {
    password: Option<String>,
    tls_ca: Option<PathBuf>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
}

impl Credentials {
    /// Picks the credentials from the layers of settings and reads the password.
    pub(crate) fn pick(layers: &mut SettingLayers) -> Result<Credentials, ConfigError> {
        let tls_ca = pick_path(layers, "tls_ca", |layer| layer.tls_ca.clone());
        let tls_cert = pick_path(layers, "tls_cert", |layer| layer.tls_cert.clone());
        let tls_key = pick_path(layers, "tls_key", |layer| layer.tls_key.clone());
        let password_file = pick_path(layers, "password_file", |layer| layer.password_file.clone());

        Ok(Credentials {
            password: password(&password_file)?,
            tls_ca: tls_ca.value,
            tls_cert: tls_cert.value,
            tls_key: tls_key.value,
        })
    }

    /// Gives the address the password and the certificates.
    pub(crate) fn equip(self, address: Address) -> Result<Address, ConfigError> {
        let address = match &self.password {
            Some(password) => address.with_password(password),
            None => address,
        };

        let has_certificates =
            self.tls_ca.is_some() || self.tls_cert.is_some() || self.tls_key.is_some();
        if !has_certificates {
            return Ok(address);
        }
        if !address.is_tls() {
            return Err(invalid(
                "tls_ca",
                "certificates need an address that begins with rediss://",
            ));
        }
        address
            .with_tls(self.read_certificates()?)
            .map_err(|error| invalid("tls_ca", error))
    }

    fn read_certificates(&self) -> Result<Pem, ConfigError> {
        let client = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => {
                Some((read_pem("tls_cert", cert)?, read_pem("tls_key", key)?))
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(invalid(
                    "tls_key",
                    "the certificate needs its key: give it with --tls-key",
                ));
            }
            (None, Some(_)) => {
                return Err(invalid(
                    "tls_cert",
                    "the key needs its certificate: give it with --tls-cert",
                ));
            }
        };
        let authorities = match &self.tls_ca {
            Some(ca) => Some(read_pem("tls_ca", ca)?),
            None => None,
        };

        Ok(Pem {
            authorities,
            client,
        })
    }
}

/// Picks the path of a file; an empty one means no file.
fn pick_path(
    layers: &mut SettingLayers,
    name: &'static str,
    field: impl Fn(&SettingLayer) -> Option<PathBuf>,
) -> PickedSetting<PathBuf> {
    let mut picked = layers.pick(name, field);
    picked.value = picked.value.filter(|path| !path.as_os_str().is_empty());
    layers.note_path(&picked);
    picked
}

/// The password from the environment or from its file; the stronger source wins.
fn password(file: &PickedSetting<PathBuf>) -> Result<Option<String>, ConfigError> {
    let variable = std::env::var(PASSWORD_VARIABLE)
        .ok()
        .filter(|password| !password.is_empty());
    let variable_wins = match file.source {
        SettingSource::Flag | SettingSource::Environment => file.value.is_none(),
        SettingSource::File | SettingSource::Default => true,
    };

    match &file.value {
        _ if variable.is_some() && variable_wins => Ok(variable),
        Some(path) => Ok(Some(read_password(path)?)),
        None => Ok(None),
    }
}

fn read_pem(setting: &'static str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    const MARK: &[u8] = b"-----BEGIN ";

    let read = pipe::read(path).map_err(|error| unreadable(setting, path, &error))?;
    if read.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(read);
    }
    Err(invalid(
        setting,
        format!("{} is not a PEM file", shown_path(path)),
    ))
}

/// Reads the first line of a file that only its owner may read.
fn read_password(path: &Path) -> Result<String, ConfigError> {
    const SETTING: &str = "password_file";

    let read = pipe::read(path).map_err(|error| unreadable(SETTING, path, &error))?;
    if pipe::others_have_access(path).map_err(|error| unreadable(SETTING, path, &error))? {
        let path = shown_path(path);
        return Err(invalid(
            SETTING,
            format!("others can read it: chmod 600 {path}"),
        ));
    }

    let line = read
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    match std::str::from_utf8(line) {
        Ok(password) if (1..=LONGEST_PASSWORD).contains(&password.len()) => Ok(password.to_owned()),
        _ => Err(invalid(
            SETTING,
            format!("{} has no password in its first line", shown_path(path)),
        )),
    }
}

fn unreadable(setting: &'static str, path: &Path, error: &io::Error) -> ConfigError {
    invalid(setting, format!("{}: {error}", shown_path(path)))
}
