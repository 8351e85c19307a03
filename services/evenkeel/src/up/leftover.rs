//! What an `up` left behind that was killed and could stop nothing. Whoever holds the home's lock is the only suite of
//! it, so a Postgres or gateway that still runs from it is nobody's.

use super::Home;
use anyhow::{Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Looked at ten times a second.
const LOOKS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(100);

/// Ends the gateway and the private Postgres of a suite that was killed. Nothing is lost: Postgres writes everything.
///
/// # Errors
/// One does not end within 20 seconds.
pub(super) async fn end(home: &Home) -> Result<()> {
    let gateway = home.gateway();
    let config = gateway.join("envoy.json");
    end_one(
        "gateway",
        &gateway.join("envoy.pid"),
        &config,
        Signal::SIGTERM,
    )
    .await?;
    let data = home.postgres();
    end_one(
        "Postgres",
        &data.join("postmaster.pid"),
        &data,
        Signal::SIGINT,
    )
    .await
}

/// Ends a process whose id a file has on its first line, when it runs with `argument`.
async fn end_one(name: &str, file: &Path, argument: &Path, signal: Signal) -> Result<()> {
    let Some(id) = written_id(file).filter(|id| runs_with(*id, argument)) else {
        return Ok(());
    };
    tracing::warn!(
        name,
        id,
        "a suite that was killed left this behind; it is ended"
    );
    kill(Pid::from_raw(id), signal)?;
    for _ in 0..LOOKS {
        if !runs_with(id, argument) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("{name} of a suite that was killed, process {id}, does not end; end it and start again")
}

fn written_id(file: &Path) -> Option<i32> {
    let text = fs::read_to_string(file).ok()?;
    let id = text.lines().next()?.trim().parse().ok()?;
    (id > 1).then_some(id)
}

/// Ids come again: only a process that was started with our own path is ours.
fn runs_with(id: i32, argument: &Path) -> bool {
    let argument = argument.as_os_str().as_encoded_bytes();
    fs::read(format!("/proc/{id}/cmdline"))
        .is_ok_and(|line| line.split(|byte| *byte == 0).any(|one| one == argument))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[tokio::test]
    async fn only_a_process_with_our_own_path_is_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, ours) = (folder.path().join("pid"), folder.path().join("ours"));
        // Reads its input, which never ends.
        let mut child = Command::new("sh")
            .args(["-c", "read line", "sh"])
            .arg(&ours)
            .stdin(Stdio::piped())
            .spawn()
            .expect("runs");
        fs::write(&file, format!("{}\nmore\n", child.id())).expect("written");
        let other = folder.path().join("other");
        end_one("it", &file, &other, Signal::SIGTERM)
            .await
            .expect("left alone");
        assert!(child.try_wait().expect("asked").is_none(), "it still runs");
        // Its parent takes note of its end, as init would.
        let waiting = std::thread::spawn(move || child.wait());
        end_one("it", &file, &ours, Signal::SIGTERM)
            .await
            .expect("ended");
        assert!(!waiting.join().expect("joined").expect("waited").success());
        end_one("it", &file, &ours, Signal::SIGTERM)
            .await
            .expect("nothing to end");
    }
}
