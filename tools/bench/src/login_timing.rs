//! `cargo xtask bench login-timing`: does the time of a failed login tell which addresses are known?
//!
//! Wrong passwords for known addresses against any for unknown ones, in a random order, one after the
//! other over one connection to the real program at its default hash cost. Welch's t over the times
//! says whether the two classes differ, as in [`super::ct`]. A third class, sign-ups refused for a
//! short password, must be told apart: the measurement's own test.

use std::{
    fmt, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    ct::{LIMIT, largest_t},
    programs::Programs,
};

/// Addresses of each class. They take turns, so that failures of both are counted alike.
const ADDRESSES: usize = 10;
/// Requests of each class before the measurement starts.
const WARM_UP: usize = ADDRESSES;
/// Far more than any start, answer or mail takes.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
const PASSWORD: &str = "correct horse battery";

/// The times of both classes.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    samples: u32,
    limit: f64,
    unknown_email: Class,
    wrong_password: Class,
    t: f64,
    /// Between unknown addresses and the control.
    control: f64,
}

/// In milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
struct Class {
    mean: f64,
    median: f64,
    deviation: f64,
}

impl Report {
    /// Whether the times do not tell, and the measurement sees what does.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.t < LIMIT && self.control > LIMIT
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of each, in milliseconds", self.samples)?;
        writeln!(
            f,
            "{:<16}{:>9}{:>9}{:>11}",
            "", "mean", "median", "deviation"
        )?;
        for (name, class) in [
            ("unknown email", self.unknown_email),
            ("wrong password", self.wrong_password),
        ] {
            let Class {
                mean,
                median,
                deviation,
            } = class;
            writeln!(f, "{name:<16}{mean:>9.3}{median:>9.3}{deviation:>11.3}")?;
        }
        writeln!(f, "t = {:.2}; below {LIMIT} says nothing", self.t)?;
        writeln!(f, "control t = {:.2}  (must be above)", self.control)?;
        write!(f, "{}", if self.passed() { "passed" } else { "FAILED" })
    }
}

/// Takes so many samples of each class.
///
/// # Errors
/// If the service does not start, or answers in another way than it must.
pub fn measure(programs: &Programs, samples: u32) -> Result<Report> {
    ensure!(samples > 1, "at least two samples");
    let service = Service::start(&programs.anteroom)?;
    let mut client = Client::connect(&service.address)?;
    for number in 0..ADDRESSES {
        sign_up(&service, &mut client, &known(number))?;
    }
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut turns = [0; 2];
    let mut times = Vec::new();
    for number in 0..WARM_UP {
        for address in [known(number), unknown(number)] {
            client.fail_to_log_in(&address)?;
        }
    }
    while turns.iter().any(|taken| *taken < samples) {
        let is_known = rng.next_u32() & 1 == 1;
        let [of_unknown, of_known] = &mut turns;
        let taken = if is_known { of_known } else { of_unknown };
        if *taken == samples {
            continue;
        }
        let number = *taken as usize % ADDRESSES;
        *taken += 1;
        let address = if is_known {
            known(number)
        } else {
            unknown(number)
        };
        times.push((client.fail_to_log_in(&address)?, is_known));
    }
    let mut control = Vec::new();
    for _ in 0..samples {
        control.push((client.refused_at_once()?, true));
    }
    control.extend(times.iter().copied().filter(|(_, is_known)| !is_known));
    service.stop()?;
    Ok(Report {
        samples,
        limit: LIMIT,
        unknown_email: Class::of(&times, false)?,
        wrong_password: Class::of(&times, true)?,
        t: largest_t(&mut times),
        control: largest_t(&mut control),
    })
}

fn known(number: usize) -> String {
    format!("somebody-{number:02}@example.org")
}

fn unknown(number: usize) -> String {
    format!("nobody-x-{number:02}@example.org")
}

impl Class {
    fn of(times: &[(f64, bool)], class: bool) -> Result<Self> {
        const MILLISECONDS: f64 = 1e3;
        let mut own: Vec<f64> = times
            .iter()
            .filter(|(_, is)| *is == class)
            .map(|(time, _)| time * MILLISECONDS)
            .collect();
        own.sort_by(f64::total_cmp);
        let count: f64 = own.iter().map(|_| 1.0).sum();
        let mean = own.iter().sum::<f64>() / count;
        let squares: f64 = own.iter().map(|time| (time - mean).powi(2)).sum();
        Ok(Self {
            mean,
            median: *own.get(own.len() / 2).context("no samples")?,
            deviation: (squares / (count - 1.0)).sqrt(),
        })
    }
}

fn sign_up(service: &Service, client: &mut Client, email: &str) -> Result<()> {
    let body = json!({ "email": email, "password": PASSWORD });
    client.post("/auth/signup", &body)?.expect(202)?;
    let body = json!({ "token": service.take_token()? });
    client.post("/auth/verify-email", &body)?.expect(204)
}

/// A running issuer that anybody can sign up to, with mails in a folder and no limits that a
/// measurement meets. Killed when dropped.
struct Service {
    child: Child,
    folder: TempDir,
    address: String,
}

impl Service {
    fn start(program: &Path) -> Result<Self> {
        let folder = TempDir::new()?;
        let child = Command::new(program)
            .args(["serve", "--role", "issuer"])
            .env_clear()
            .env("HOME", folder.path())
            .env("ANTEROOM_DATA", folder.path().join("data"))
            .env("ANTEROOM_ISSUER_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_LOGIN_SIGN_UP", "open")
            .env("ANTEROOM_LOGIN_LOCK_FAILURES", "1000000")
            .env("ANTEROOM_LIMITS_LOGINS_PER_MINUTE", "1000000")
            .env("ANTEROOM_MAIL_TRANSPORT", "folder")
            .env("ANTEROOM_MAIL_FROM", "anteroom@example.org")
            .env("ANTEROOM_MAIL_FOLDER", folder.path().join("mails"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("the service does not start")?;
        let mut service = Self {
            child,
            folder,
            address: String::new(),
        };
        let listen = service.folder.path().join("data/listen.json");
        let text = wait_for("the service", || fs::read(&listen).ok())?;
        let addresses: Value = serde_json::from_slice(&text)?;
        let url = addresses.get("issuer").and_then(Value::as_str);
        let address = url.and_then(|url| url.strip_prefix("http://"));
        address
            .context("the service listens nowhere")?
            .trim_end_matches('/')
            .clone_into(&mut service.address);
        Ok(service)
    }

    /// The token in the link of the only mail, which is then deleted.
    fn take_token(&self) -> Result<String> {
        let mails = self.folder.path().join("mails");
        let mail = wait_for("a mail", || first_mail(&mails))?;
        let text = fs::read_to_string(&mail)?;
        fs::remove_file(mail)?;
        // Long lines are broken as quoted-printable breaks them.
        let text = text.replace("=\r\n", "").replace("=3D", "=");
        let (_, rest) = text
            .split_once("?token=")
            .context("a mail without a link")?;
        Ok(rest.lines().next().unwrap_or_default().trim().to_owned())
    }

    fn stop(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the service has ended: {status}");
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
struct Client {
    stream: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    seconds: f64,
}

impl Answer {
    fn expect(&self, status: u16) -> Result<()> {
        ensure!(self.status == status, "{} instead of {status}", self.status);
        Ok(())
    }
}

impl Client {
    fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).context("the service does not listen")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// How long it takes, in seconds.
    fn fail_to_log_in(&mut self, email: &str) -> Result<f64> {
        let body = json!({ "email": email, "password": "another horse battery" });
        let answer = self.post("/auth/login", &body)?;
        answer.expect(401)?;
        Ok(answer.seconds)
    }

    /// An attempt that costs no hash.
    fn refused_at_once(&mut self) -> Result<f64> {
        let body = json!({ "email": unknown(0), "password": "short" });
        let answer = self.post("/auth/login", &body)?;
        answer.expect(422)?;
        Ok(answer.seconds)
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
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

    /// Reads to the end of the body; the status.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_summed_up_in_milliseconds() {
        let times = [(0.001, true), (0.002, true), (0.003, true), (9.0, false)];
        let class = Class::of(&times, true).unwrap();
        assert!((class.mean - 2.0).abs() < 1e-9);
        assert!((class.median - 2.0).abs() < 1e-9);
        assert!((class.deviation - 1.0).abs() < 1e-9);
        assert!(Class::of(&[], true).is_err());
    }

    #[test]
    fn both_classes_have_addresses_of_one_length() {
        for number in 0..ADDRESSES {
            assert_eq!(known(number).len(), unknown(number).len());
        }
    }
}
