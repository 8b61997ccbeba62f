//! The folders of this user, where the system wants a program's files.

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The folders of the private server.
pub(crate) struct EngineFolders {
    /// For its socket, which need not survive a restart of the machine; `None` where the system
    /// keeps no folder for such.
    pub(crate) runtime: Option<PathBuf>,
    /// For its socket where there is no such folder, or it can't be used.
    pub(crate) state: PathBuf,
    /// For the carts and products that it saves.
    pub(crate) data: PathBuf,
}

/// The folders of the private server; `None` where the system names no home folder.
pub(crate) fn engine_folders() -> Option<EngineFolders> {
    let folders = folders()?;

    Some(EngineFolders {
        runtime: folders.runtime_dir(),
        state: state_in(&folders),
        data: folders.data_dir(),
    })
}

/// Makes a folder, and those above it, which only this user may read.
///
/// # Errors
/// The system's.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The folder for notes of the program itself, such as crash reports.
pub(crate) fn state_folder() -> Option<PathBuf> {
    folders().map(|folders| state_in(&folders))
}

/// The host key of `trolley serve` where `--host-key` names none.
#[cfg(feature = "serve")]
pub(crate) fn host_key_file() -> Option<PathBuf> {
    folders().map(|folders| folders.in_data_dir("ssh_host_ed25519_key"))
}

/// The control socket of `trolley serve` where `--control` names none.
#[cfg(feature = "serve")]
pub(crate) fn control_socket() -> Option<PathBuf> {
    state_folder().map(|folder| folder.join("serve.socket"))
}

/// The settings file that is read where `--config` names none.
pub(crate) fn settings_file() -> Option<PathBuf> {
    folders().map(|folders| folders.in_config_dir("config.toml"))
}

fn folders() -> Option<impl AppStrategy> {
    choose_app_strategy(AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "trolley".to_owned(),
    })
    .ok()
}

fn state_in(folders: &impl AppStrategy) -> PathBuf {
    folders.state_dir().unwrap_or_else(|| folders.data_dir())
}
