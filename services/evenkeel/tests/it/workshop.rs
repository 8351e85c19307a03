//! What a story about the whole suite needs: a home of its own, free ports, and the real binary in it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

/// A home for one suite; it is gone afterwards.
pub struct Workshop {
    home: TempDir,
    port: u16,
    inner: u16,
}

impl Workshop {
    /// Below EVENKEEL_HOME, which the user that Postgres runs as can reach.
    pub fn new(name: &str) -> Self {
        let base = PathBuf::from(told("EVENKEEL_HOME"));
        let home = tempfile::Builder::new()
            .prefix(&format!("test-{name}-"))
            .tempdir_in(&base)
            .expect("a folder");
        open_to_postgres(home.path());
        let inner = free_block();
        Self {
            home,
            port: free_port(),
            inner,
        }
    }

    /// The folder.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The gateway's port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `evenkeel` with this home and these ports.
    pub fn evenkeel(&self, command: &str) -> Command {
        let mut evenkeel = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        evenkeel
            .arg(command)
            .args([
                "--port",
                &self.port.to_string(),
                "--inner-ports",
                &self.inner.to_string(),
            ])
            .env("EVENKEEL_HOME", self.home.path())
            .env_remove("DATABASE_URL")
            .env_remove("STRIPE_SECRET_KEY")
            .env_remove("SMTP_URL")
            .stdin(Stdio::null());
        evenkeel
    }

    /// Runs a command to its end.
    pub fn run(&self, command: &str) -> Output {
        self.evenkeel(command).output().expect("the binary runs")
    }
}

/// What went to stdout and stderr.
pub fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A setting that `./dev test` makes.
#[expect(
    clippy::disallowed_methods,
    reason = "the programs of this machine are told by environment"
)]
pub fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests by ./dev test"))
}

/// A port nobody listens on now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// The first of twenty free ports in a row, another for each story of this process.
pub fn free_block() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = std::process::id() % 300;
    for _ in 0..500 {
        let number = NEXT.fetch_add(1, Ordering::Relaxed) + u16::try_from(start).unwrap_or(0);
        let first = 20_000 + (number % 600) * 20;
        let free =
            (first..first + 20).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
        if free {
            return first;
        }
    }
    panic!("no twenty free ports in a row")
}

/// tempfile makes folders that only we may pass; the user that Postgres runs as must pass too.
fn open_to_postgres(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))
        .expect("our own folder");
}
