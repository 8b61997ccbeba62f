//! Folders that only this user can get at.
//!
//! A folder is as safe as every folder above it: whoever can write to one of them can put
//! another in its place. So each part of a path is examined, from the root down, without
//! following a link that somebody else may have laid.

use super::error::{EngineError, FolderFault, system_error};
use rustix::fs::{Mode, OFlags};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// The most links on the way to a folder, as the system itself has it.
const MOST_LINKS: usize = 40;
/// The bytes that must fit on the disk before a server is started.
const LEAST_ROOM: usize = 256 * 1024;

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Makes sure that nobody but this user and the system's own can change what `folder` leads to.
/// The parts that do not exist yet are ours to make.
///
/// # Errors
/// The first [`FolderFault`] on the way.
pub(super) fn check(folder: &Path) -> Result<(), FolderFault> {
    if !folder.is_absolute() {
        return Err(FolderFault::Nowhere(folder.to_owned()));
    }

    let mut reached = PathBuf::from("/");
    let mut ahead = parts_reversed(folder);
    let mut links = 0;

    while let Some(name) = ahead.pop() {
        if name == ".." {
            reached.pop();
            continue;
        }

        let part = reached.join(&name);
        match check_part(&part)? {
            Part::Folder | Part::Missing => reached = part,
            Part::Link(_) if links == MOST_LINKS => {
                return Err(FolderFault::Nowhere(folder.to_owned()));
            }
            Part::Link(target) => {
                links += 1;
                if target.is_absolute() {
                    reached = PathBuf::from("/");
                }
                ahead.extend(parts_reversed(&target));
            }
        }
    }
    Ok(())
}

/// The thing at one part of a path, where nobody else can change that.
enum Part {
    Folder,
    Missing,
    /// A link that leads here.
    Link(PathBuf),
}

fn check_part(part: &Path) -> Result<Part, FolderFault> {
    let found = match fs::symlink_metadata(part) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Part::Missing),
        Err(error) => return Err(unreadable(part, error)),
    };
    check_owner(part, &found)?;

    if found.is_symlink() {
        let target = fs::read_link(part).map_err(|error| unreadable(part, error))?;
        Ok(Part::Link(target))
    } else {
        check_writers(part, &found)?;
        Ok(Part::Folder)
    }
}

fn unreadable(part: &Path, source: io::Error) -> FolderFault {
    let part = part.to_owned();
    FolderFault::Unreadable { part, source }
}

/// The names on a path, the last one first.
fn parts_reversed(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    let mut names: Vec<OsString> = names.collect();
    names.reverse();
    names
}

fn check_owner(part: &Path, found: &Metadata) -> Result<(), FolderFault> {
    let owner = found.uid();
    // Where the system's own files seem to be nobody's, as in a sandbox, the root shows whose
    // they are.
    let system = fs::symlink_metadata("/").map_or(0, |root| root.uid());

    if owner == our_id() || owner == 0 || owner == system {
        Ok(())
    } else {
        let part = part.to_owned();
        Err(FolderFault::Owner { part, owner })
    }
}

fn check_writers(part: &Path, found: &Metadata) -> Result<(), FolderFault> {
    if !found.is_dir() {
        return Err(FolderFault::NotAFolder(part.to_owned()));
    }

    let mode = found.permissions().mode();
    let our_group = rustix::process::getegid().as_raw();
    // Many systems give each user a group of their own, which may write to their folders.
    let foreign_group = found.gid() != our_group && found.gid() != 0;
    let others_write = mode & OTHERS_WRITE != 0 || mode & GROUP_WRITES != 0 && foreign_group;

    // In a sticky folder, nobody moves what is not theirs.
    if others_write && mode & STICKY == 0 {
        return Err(FolderFault::Writable(part.to_owned()));
    }
    Ok(())
}

/// Makes sure that `folder` exists, that it is this user's, and that nobody else can change what
/// it leads to.
///
/// # Errors
/// The first [`FolderFault`] on the way, or that it is somebody else's.
pub(super) fn check_own(folder: &Path) -> Result<(), FolderFault> {
    check(folder)?;
    let found = fs::metadata(folder).map_err(|error| unreadable(folder, error))?;

    if found.uid() != our_id() {
        let part = folder.to_owned();
        let owner = found.uid();
        return Err(FolderFault::Owner { part, owner });
    }
    Ok(())
}

/// Makes sure that `folder` itself, where it exists, is no link.
///
/// # Errors
/// [`FolderFault::NotAFolder`].
pub(super) fn check_no_link(folder: &Path) -> Result<(), FolderFault> {
    match fs::symlink_metadata(folder) {
        Ok(found) if !found.is_dir() => Err(FolderFault::NotAFolder(folder.to_owned())),
        Ok(found) => check_owner(folder, &found),
        Err(_) => Ok(()),
    }
}

/// Makes a folder that only this user can open, or makes sure of that.
///
/// # Errors
/// [`EngineError::Folder`] where it is not safe, [`EngineError::System`] where it can't be made.
pub(super) fn make_private(folder: &Path) -> Result<(), EngineError> {
    check(folder).map_err(|fault| folder_error(folder, fault))?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| system_error("make the folder", folder, source))?;
    check_own(folder).map_err(|fault| folder_error(folder, fault))?;

    // What is closed to others is the folder that was examined, whatever its name leads to now.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::empty())
        .map_err(|error| system_error("open", folder, error))?;
    let opened = File::from(opened);
    let found = opened
        .metadata()
        .map_err(|source| system_error("read", folder, source))?;
    if found.uid() == our_id() && found.permissions().mode() & 0o077 != 0 {
        opened
            .set_permissions(fs::Permissions::from_mode(0o700))
            .map_err(|source| system_error("close", folder, source))?;
    }
    Ok(())
}

/// Makes sure that the disk takes more data.
///
/// # Errors
/// [`EngineError::DiskFull`], or [`EngineError::System`] where nothing can be written for
/// another reason.
pub(super) fn check_room(folder: &Path) -> Result<(), EngineError> {
    let probe = folder.join("room");
    let written = File::create(&probe).and_then(|mut file| {
        file.write_all(&vec![1; LEAST_ROOM])?;
        file.sync_all()
    });
    let _ = fs::remove_file(&probe);

    written.map_err(|source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            EngineError::DiskFull(folder.to_owned())
        }
        _ => system_error("write to", folder, source),
    })
}

pub(super) fn folder_error(folder: &Path, fault: FolderFault) -> EngineError {
    EngineError::Folder {
        folder: folder.to_owned(),
        fault,
    }
}

fn our_id() -> u32 {
    rustix::process::geteuid().as_raw()
}
