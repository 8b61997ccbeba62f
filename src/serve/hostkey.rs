//! The host key, by which visitors recognize the shop. It is made once, in the form of OpenSSH.

use super::ServeError;
use crate::config::{make_private, pipe, shown_path};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{Algorithm, PrivateKey};
use rustix::rand::{GetRandomFlags, getrandom};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// Reads the host key at its usual place; makes it where there is none yet.
pub(super) fn read_or_make(path: &Path) -> Result<PrivateKey, ServeError> {
    match pipe::read(path) {
        Ok(text) => decode(path, &text),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(path).map_err(|error| host_key_error(path, error))?;
            // Where two servers start at once, both use the key that was there first.
            read(path)
        }
        Err(error) => Err(host_key_error(path, error)),
    }
}

/// Reads a host key that somebody has named. A new one is never made there: visitors would be
/// warned of an impostor if the real key had only been moved.
pub(super) fn read(path: &Path) -> Result<PrivateKey, ServeError> {
    let text = pipe::read(path).map_err(|error| host_key_error(path, error))?;
    decode(path, &text)
}

fn decode(path: &Path, text: &[u8]) -> Result<PrivateKey, ServeError> {
    if pipe::others_have_access(path).map_err(|error| host_key_error(path, error))? {
        let shown = shown_path(path);
        let why = format!("others can read it: chmod 600 {shown}");
        return Err(host_key_error(path, why));
    }

    let key = PrivateKey::from_openssh(text)
        .map_err(|_| host_key_error(path, "it is not a private key of OpenSSH"))?;
    if key.is_encrypted() {
        return Err(host_key_error(path, "it has a passphrase: ssh-keygen -p"));
    }
    if key.algorithm() != Algorithm::Ed25519 {
        return Err(host_key_error(path, "it is not an ed25519 key"));
    }
    Ok(key)
}

/// Makes a key, unless one has come to be there meanwhile. The file appears with all of its text.
fn make(path: &Path) -> io::Result<()> {
    let mut seed = [0; 32];
    getrandom(&mut seed, GetRandomFlags::empty())?;
    let key = PrivateKey::new(Ed25519Keypair::from_seed(&seed).into(), "trolley")
        .and_then(|key| key.to_openssh(LineEnding::LF))
        .map_err(io::Error::other)?;

    let folder = path.parent().unwrap_or(Path::new("."));
    make_private(folder)?;

    // Its mode is 0600 from the start.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(key.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn host_key_error(path: &Path, why: impl ToString) -> ServeError {
    ServeError::HostKey {
        path: shown_path(path),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/key");
        let made = read_or_make(&path).unwrap();
        let again = read_or_make(&path).unwrap();
        assert_eq!(made.public_key(), again.public_key());

        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Nothing else is left in the folder.
        let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1);
    }

    #[test]
    fn starters_at_the_same_time_share_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let starters: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || read_or_make(&path).unwrap())
            })
            .collect();
        let keys: Vec<_> = starters
            .into_iter()
            .map(|starter| starter.join().unwrap())
            .collect();
        assert!(
            keys.iter()
                .all(|key| key.public_key() == keys[0].public_key())
        );
    }

    #[test]
    fn a_named_key_is_never_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(read(&path).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        read_or_make(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            set_mode(&path, mode);
            let error = read_or_make(&path).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{mode:o}: {error}");
        }
        set_mode(&path, 0o400);
        read_or_make(&path).unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["", "x", "-----BEGIN OPENSSH PRIVATE KEY-----\n"] {
            std::fs::write(&path, text).unwrap();
            set_mode(&path, 0o600);
            assert!(read_or_make(&path).is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
