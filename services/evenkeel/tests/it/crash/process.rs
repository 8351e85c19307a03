//! The service that dies, as a process of its own: this test binary, told to be a service.

use clap::Parser;
use clock::Clock;
use std::io::BufRead as _;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The arguments of the service, as JSON.
const TOLD: &str = "EVENKEEL_STORY_SERVICE";

/// A service's own flags.
#[derive(Parser)]
struct Arguments<C: clap::Args> {
    #[command(flatten)]
    config: C,
}

/// The configuration that these flags make; the first is the program's name.
pub fn configured<C: clap::Args>(arguments: &[String]) -> C {
    Arguments::<C>::parse_from(arguments).config
}

/// Not a story: what `Process::start` starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the stories of crashes start"]
#[expect(
    clippy::disallowed_methods,
    reason = "the process is told by environment what it is"
)]
async fn a_service_of_its_own() {
    let Ok(told) = std::env::var(TOLD) else {
        return;
    };
    let arguments: Vec<String> = serde_json::from_str(&told).expect("arguments");
    std::thread::spawn(obey);
    let (clock, never) = (Clock::system(), std::future::pending());
    let ended = match arguments[0].as_str() {
        "billing" => billing::run(configured(&arguments), clock, never).await,
        "payments" => payments::run(configured(&arguments), clock, never).await,
        other => panic!("{other} is not run so"),
    };
    ended.expect("it runs until it dies");
}

/// Hears when to die. The story's own end is the end of the input.
fn obey() {
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        if let Some(number) = line.strip_prefix("die before ") {
            pg::effects::die_before(number.parse().expect("a number"));
        }
        println!("\ntold");
    }
    std::process::exit(0);
}

/// The running service.
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a service with these flags.
    pub fn start(arguments: &[String]) -> Self {
        let told = serde_json::to_string(arguments).expect("JSON");
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args([
                "crash::process::a_service_of_its_own",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(TOLD, told)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self {
            child,
            stdin,
            stdout,
        }
    }

    /// From now on it dies before this effect.
    pub async fn die_before(&mut self, number: u32) {
        let told = self.tell(&format!("die before {number}")).await;
        assert!(told, "it ended before it was told when to die");
    }

    /// Whether it answers. One that does not is dead, though that may not be seen yet.
    pub async fn answers(&mut self) -> bool {
        self.tell("are you there").await
    }

    async fn tell(&mut self, words: &str) -> bool {
        let line = format!("{words}\n");
        if self.stdin.write_all(line.as_bytes()).await.is_err() {
            return false;
        }
        while let Ok(Some(line)) = self.stdout.next_line().await {
            if line == "told" {
                return true;
            }
        }
        false
    }

    /// Whether it is dead. It ends in no other way than by the death that was commanded.
    pub fn is_dead(&mut self) -> bool {
        let ended = self.child.try_wait().expect("a child");
        if let Some(status) = ended {
            use std::os::unix::process::ExitStatusExt as _;
            let aborted = Some(nix::sys::signal::Signal::SIGABRT as i32);
            assert_eq!(status.signal(), aborted, "{status}");
        }
        ended.is_some()
    }
}
