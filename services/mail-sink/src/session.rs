use crate::{MAIL_BYTES_MAX, Shared};
use mailin::{Action, Handler, Response, SessionBuilder};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, process};

/// How often a waiting session looks whether the sink stops.
const LOOK: Duration = Duration::from_millis(200);
/// A client that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Speaks SMTP until the client quits, falls silent, or the sink stops.
pub fn serve(stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    let peer = stream.peer_addr()?.ip();
    stream.set_read_timeout(Some(LOOK))?;
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let refused = Arc::new(AtomicBool::new(false));
    let begin = || {
        let keeper = Keeper {
            shared: Arc::clone(shared),
            refused: Arc::clone(&refused),
            mail: Vec::new(),
            too_large: false,
        };
        SessionBuilder::new("mail-sink").build(peer, keeper)
    };
    let mut session = begin();
    session.greeting().write_to(&mut writer)?;
    writer.flush()?;
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line, shared)? {
        let response = session.process(&line);
        if refused.swap(false, Ordering::SeqCst) {
            // After a refusal mailin goes on reading lines of the mail, so the client would wait for the answer to its
            // next command. A new state machine, greeted in the client's place, waits for that command.
            session = begin();
            session.process(b"EHLO client\r\n");
        }
        match response.action {
            Action::NoReply => {}
            Action::Reply => response.write_to(&mut writer)?,
            Action::Close | Action::UpgradeTls => {
                response.write_to(&mut writer)?;
                return writer.flush();
            }
        }
        writer.flush()?;
    }
    Ok(())
}

/// False at the end of the connection, or when the sink stops.
fn read_line(
    reader: &mut BufReader<TcpStream>,
    line: &mut Vec<u8>,
    shared: &Shared,
) -> io::Result<bool> {
    line.clear();
    let heard = Instant::now();
    loop {
        match reader.read_until(b'\n', line) {
            Ok(0) => return Ok(false),
            Ok(_) if line.ends_with(b"\n") => return Ok(true),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        if shared.stop.is_cancelled() || heard.elapsed() > SILENCE {
            return Ok(false);
        }
    }
}

/// Takes the mails of one session.
struct Keeper {
    shared: Arc<Shared>,
    /// Set when a mail's end was answered with an error.
    refused: Arc<AtomicBool>,
    mail: Vec<u8>,
    too_large: bool,
}

impl Handler for Keeper {
    fn data_start(
        &mut self,
        _domain: &str,
        _from: &str,
        _is8bit: bool,
        _to: &[String],
    ) -> Response {
        self.mail.clear();
        self.too_large = false;
        mailin::response::START_DATA
    }

    fn data(&mut self, buffer: &[u8]) -> io::Result<()> {
        // An error here would be an answer to each further line.
        self.too_large |= self.mail.len() + buffer.len() > MAIL_BYTES_MAX;
        if !self.too_large {
            self.mail.extend_from_slice(buffer);
        }
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let response = self.answer();
        self.refused.store(response.is_error, Ordering::SeqCst);
        response
    }
}

impl Keeper {
    fn answer(&mut self) -> Response {
        let delay = *self
            .shared
            .delay
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::thread::sleep(delay);
        let counts_down = |left: u32| left.checked_sub(1);
        if self
            .shared
            .refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, counts_down)
            .is_ok()
        {
            let code = self.shared.refusal_code.load(Ordering::SeqCst);
            return Response::custom(code, "refused on command".to_owned());
        }
        if self.too_large {
            return mailin::response::NO_STORAGE;
        }
        match self.keep() {
            Ok(()) => mailin::response::OK,
            Err(error) => {
                tracing::error!(%error, "a mail could not be kept");
                mailin::response::INTERNAL_ERROR
            }
        }
    }

    /// The file appears whole, under its last name.
    fn keep(&mut self) -> io::Result<()> {
        let number = self.shared.taken.load(Ordering::SeqCst);
        let age = std::time::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default()
            .as_micros();
        let thread = format!("{:?}", std::thread::current().id())
            .replace(|letter: char| !letter.is_ascii_digit(), "");
        let name = format!("{age:017}-{}-{thread}-{number}", process::id());
        let new = self.shared.folder.join(format!("{name}.new"));
        fs::write(&new, &self.mail)?;
        fs::rename(&new, self.shared.folder.join(format!("{name}.eml")))?;
        self.shared.taken.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
