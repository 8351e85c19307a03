use super::ports::{SERVICES, loopback};
use super::{Home, Options, Ports};
use crate::gateway::{Gateway, Upstream};
use anyhow::{Context as _, Result, anyhow};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

const STOP_WITHIN: Duration = Duration::from_secs(5);

/// The gateway's process.
pub struct Envoy {
    child: Child,
    log: std::path::PathBuf,
}

/// Writes the configuration and runs Envoy with one worker: the services need the other processors.
pub async fn start(options: &Options, home: &Home, ports: &Ports) -> Result<Envoy> {
    let folder = home.gateway();
    let descriptor_set = folder.join("evenkeel.binpb");
    fs::write(&descriptor_set, proto::DESCRIPTOR_SET)?;
    let config = Gateway {
        listen: loopback(ports.gateway),
        admin: loopback(ports.gateway_admin),
        descriptor_set,
        upstreams: SERVICES
            .iter()
            .map(|name| upstream(name, ports.grpc(name).port()))
            .collect(),
        jwks: upstream("jwks", ports.admin("portal-auth").port()),
        origins: vec![
            format!("http://127.0.0.1:{}", ports.gateway),
            format!("http://localhost:{}", ports.gateway),
        ],
        requests_per_second: options.requests_per_second,
        trusted_hops: 0,
        access_log: home.log("gateway-access").display().to_string(),
    }
    .render(&proto::DESCRIPTOR_POOL);
    let path = folder.join("envoy.json");
    fs::write(&path, serde_json::to_vec_pretty(&config)?)?;

    let log = home.log("gateway");
    let output = File::create(&log)?;
    let child = Command::new(&options.envoy)
        .arg("-c")
        .arg(&path)
        .args([
            "--concurrency",
            "1",
            "--log-level",
            "warning",
            "--disable-hot-restart",
        ])
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| {
            format!(
                "the gateway's program {} cannot be run; set EVENKEEL_ENVOY (./dev does)",
                options.envoy.display()
            )
        })?;
    if let Some(id) = child.id() {
        fs::write(folder.join("envoy.pid"), id.to_string())?;
    }
    Ok(Envoy { child, log })
}

fn upstream(name: &str, port: u16) -> Upstream {
    Upstream {
        name: name.to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
    }
}

impl Envoy {
    /// Waits until it ends by itself, which is an error.
    pub async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow!("the gateway ended ({status}); see {}", self.log.display()),
            Err(error) => anyhow!(error).context("the gateway"),
        }
    }

    /// SIGTERM; whatever is still open after a few seconds is cut.
    pub async fn stop(mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id
            && let Err(error) = kill(Pid::from_raw(id), Signal::SIGTERM)
        {
            tracing::warn!(%error, "the gateway could not be told to stop");
        }
        if tokio::time::timeout(STOP_WITHIN, self.child.wait())
            .await
            .is_err()
        {
            let _ = self.child.kill().await;
        }
    }
}
