use anyhow::{Context as _, Result, bail};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The suite's folder; held by one process at a time.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes the folder when it is missing, and takes it.
    ///
    /// # Errors
    /// Another process has it, or it cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let folder = folder.canonicalize()?;
        let path = folder.join("up.lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "the suite is already running from {}; stop it first, or choose another --home",
                    folder.display()
                )
            }
            Err(TryLockError::Error(error)) => return Err(error).context("up.lock"),
        }
        // Mails, documents and logs are about people; Postgres' own folder is its user's.
        for name in ["mail", "demo", "logs", "gateway"] {
            fs::create_dir_all(folder.join(name))?;
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Whether a suite runs from this folder now.
    ///
    /// # Errors
    /// The lock's file cannot be opened.
    pub fn is_taken(folder: &Path) -> Result<bool> {
        let path = folder.join("up.lock");
        if !path.exists() {
            return Ok(false);
        }
        let lock = OpenOptions::new().write(true).open(&path)?;
        Ok(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the private cluster's files are.
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// Where the mail sink keeps what it got, one `.eml` file each.
    pub fn mails(&self) -> PathBuf {
        self.folder.join("mail")
    }

    /// A log's file.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    /// Where the gateway's files are.
    pub fn gateway(&self) -> PathBuf {
        self.folder.join("gateway")
    }

    /// Where the sandbox processor keeps its book.
    pub fn processor(&self) -> PathBuf {
        self.folder.join("processor.json")
    }

    /// Keys and passwords, readable by the owner alone.
    pub fn secrets(&self) -> PathBuf {
        self.folder.join("secrets.json")
    }
}

/// Writes a file that only its owner may read, whole or not at all.
///
/// # Errors
/// It cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, b"")?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
    fs::write(&new, bytes)?;
    fs::rename(&new, path)?;
    Ok(())
}
