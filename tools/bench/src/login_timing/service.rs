//! The program that is measured, and a client of it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anteroom_process::LineProcess;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The log line of the issuer, up to its host and port.
const LISTENS: &str = "the issuer listens on http://";
/// The time limit of a wait, much longer than any answer or mail takes.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// A running issuer with open sign-up, with mails in a folder and limits above those of the measurement. It
/// is killed on drop.
pub(super) struct Service {
    process: LineProcess,
    folder: TempDir,
    pub(super) address: String,
}

impl Service {
    pub(super) fn start(program: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--role", "issuer"])
            .env_clear()
            .env("HOME", folder.path())
            .env("ANTEROOM_DATA", folder.path().join("data"))
            .env("ANTEROOM_ISSUER_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_LOGIN_SIGN_UP", "open")
            .env("ANTEROOM_LOGIN_LOCK_FAILURES", "1000000")
            .env("ANTEROOM_LIMITS_LOGINS_PER_MINUTE", "1000000")
            .env("ANTEROOM_LIMITS_MAILS_PER_HOUR", "1000000")
            .env("ANTEROOM_LIMITS_DOMAIN_MAILS_PER_HOUR", "1000000")
            .env("ANTEROOM_LIMITS_ALL_MAILS_PER_HOUR", "1000000")
            .env("ANTEROOM_MAIL_TRANSPORT", "folder")
            .env("ANTEROOM_MAIL_FROM", "anteroom@example.org")
            .env("ANTEROOM_MAIL_FOLDER", folder.path().join("mails"));
        let mut process = LineProcess::start_service(command)?;
        let line = process.wait_for(LISTENS)?;
        let (_, address) = line.split_once(LISTENS).unwrap_or_default();
        Ok(Self {
            process,
            folder,
            address: address.trim_end().trim_end_matches('/').to_owned(),
        })
    }

    /// Returns the token in the link of the only mail, which is then deleted.
    pub(super) fn take_token(&self) -> Result<String> {
        let mails = self.folder.path().join("mails");
        let mail = wait_for("a mail", || first_mail(&mails))?;
        let text = fs::read_to_string(&mail)?;
        fs::remove_file(mail)?;
        // Quoted-printable breaks long lines.
        let text = text.replace("=\r\n", "").replace("=3D", "=");
        let (_, rest) = text
            .split_once("?token=")
            .context("a mail without a link")?;
        Ok(rest.lines().next().unwrap_or_default().trim().to_owned())
    }

    pub(super) fn stop(mut self) -> Result<()> {
        if let Some(status) = self.process.status()? {
            bail!("the service has ended: {status}");
        }
        Ok(())
    }
}

fn first_mail(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.extension().is_some_and(|end| end == "eml"))
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return Ok(found);
        }
        thread::sleep(PAUSE);
    }
    bail!("{what} does not come")
}

/// One connection of HTTP/1.1.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

pub(super) struct Answer {
    status: u16,
    pub(super) seconds: f64,
}

impl Answer {
    pub(super) fn expect(&self, status: u16) -> Result<()> {
        ensure!(self.status == status, "{} instead of {status}", self.status);
        Ok(())
    }
}

impl Client {
    pub(super) fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).context("the service does not listen")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Fails to log in. Returns the duration, in seconds.
    pub(super) fn fail_to_log_in(&mut self, email: &str) -> Result<f64> {
        let body = json!({ "email": email, "password": "another horse battery" });
        let answer = self.post("/auth/login", &body)?;
        answer.expect(401)?;
        Ok(answer.seconds)
    }

    /// Returns an attempt that costs no hash.
    pub(super) fn refused_at_once(&mut self) -> Result<f64> {
        let body = json!({ "email": "nobody-x-00@example.org", "password": "short" });
        let answer = self.post("/auth/login", &body)?;
        answer.expect(422)?;
        Ok(answer.seconds)
    }

    pub(super) fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.send(path, "application/json", &body.to_string())
    }

    /// Submits a form as the pages do. The values need no encoding except of `@` and spaces.
    pub(super) fn submit(&mut self, path: &str, body: &Value) -> Result<Answer> {
        let fields = body.as_object().context("a form has fields")?;
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| {
                let value = value.as_str().unwrap_or_default();
                format!("{name}={}", value.replace('@', "%40").replace(' ', "+"))
            })
            .collect();
        let kind = "application/x-www-form-urlencoded";
        self.send(path, kind, &fields.join("&"))
    }

    fn send(&mut self, path: &str, kind: &str, body: &str) -> Result<Answer> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let start = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.read_answer()?;
        Ok(Answer {
            status,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// Reads an answer to the end of its body, and returns the status.
    fn read_answer(&mut self) -> Result<u16> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("no answer")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(text) = header.strip_prefix("content-length:") {
                length = text.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(status)
    }
}
