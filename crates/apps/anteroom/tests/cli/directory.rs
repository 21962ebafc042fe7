//! The real binary as a process.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use anteroom_process::{LineProcess, SERVICES_LISTEN};
use rustix::process::{Signal, geteuid};
use serde_json::Value;
use tempfile::TempDir;

/// The time limit of a wait, much longer than any start takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A temporary directory for data and for a user's own files, with environment variables.
pub(crate) struct TestDirectory {
    dir: TempDir,
    variables: Vec<(String, String)>,
}

/// A running `anteroom serve`. Killed when dropped.
pub(crate) struct ServeProcess(LineProcess);

/// A running `anteroom call join --plain`. Killed when dropped.
pub(crate) struct CallProcess(LineProcess);

/// An account as `account add --json` prints it.
pub(crate) struct TestAccount {
    pub(crate) uuid: String,
    pub(crate) password: String,
}

impl TestDirectory {
    pub(crate) fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
            variables: Vec::new(),
        }
    }

    /// Sets a variable of all commands from here on; an empty one counts as not set.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("anteroom-data")
    }

    /// Creates a command that inherits no variable of this process.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let binaries = Path::new(env!("CARGO_BIN_EXE_anteroom")).parent().unwrap();
        let path = format!(
            "{}:{}",
            binaries.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path())
            .env("ANTEROOM_ISSUER_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_ROOMS_LISTEN", "127.0.0.1:0")
            .env("ANTEROOM_MEDIA_LISTEN", "127.0.0.1")
            .env("ANTEROOM_MEDIA_PORT", "0")
            .env("ANTEROOM_MEDIA_THREADS", "1")
            // On a busy machine a thread seems to have too much to do.
            .env("ANTEROOM_MEDIA_LOAD_PERCENT", "100")
            .env("ANTEROOM_RENEWAL", "off")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path());
        command
    }

    pub(crate) fn anteroom(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_anteroom"));
        command.args(arguments);
        command
    }

    /// Creates a command for the shell with mounts of its own, as the root user.
    pub(crate) fn with_own_mounts(&self, script: &str) -> Command {
        let mut command = self.command("unshare");
        if !geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "sh", "-c", script]);
        command
    }

    /// Returns the body at a URL.
    pub(crate) fn get(&self, url: &str) -> String {
        let output = self
            .command("curl")
            .args(["--silent", "--show-error", "--noproxy", "*", url])
            .output()
            .unwrap();
        assert!(output.status.success(), "{url}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs to the end with an empty standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        // `timeout` ends a command that should be refused and does not return.
        let mut command = self.command("timeout");
        command
            .arg(PATIENCE.as_secs().to_string())
            .arg(env!("CARGO_BIN_EXE_anteroom"))
            .args(arguments);
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// Runs to the end with a text as standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .anteroom(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs a command that must succeed and print one line of JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Runs a command that must fail, print nothing, and report the error in one line, which is returned.
    pub(crate) fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        // Failed, refused or unreachable; another table lists which.
        let status = output.status.code();
        assert!(
            matches!(status, Some(1 | 3 | 6)),
            "{arguments:?}: {status:?}"
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let complaint = stderr(&output);
        let complaint = complaint.lines().last().unwrap_or_default();
        let is_complaint = ["anteroom: ", "{\"error\":"]
            .iter()
            .any(|start| complaint.starts_with(start));
        assert!(is_complaint, "{complaint}");
        complaint.to_owned()
    }

    /// Runs on a terminal with this text typed; standard output has what the terminal shows.
    pub(crate) fn run_on_terminal(&self, arguments: &[&str], typed: &str) -> Output {
        let path = self.path().join("typed");
        fs::write(&path, typed).unwrap();
        let command = format!("anteroom {}", arguments.join(" "));
        self.command("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(File::open(path).unwrap())
            .output()
            .unwrap()
    }

    pub(crate) fn start(&self) -> ServeProcess {
        ServeProcess::start(self.anteroom(&["serve"]))
    }

    pub(crate) fn add_account(&self) -> TestAccount {
        let added = self.json(&["account", "add", "--json"]);
        let text = |name| added.get(name).and_then(Value::as_str).unwrap().to_owned();
        TestAccount {
            uuid: text("uuid"),
            password: text("password"),
        }
    }

    /// Runs a command that must succeed, and returns its output.
    pub(crate) fn shown(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let complaint = stderr(&output);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Acts as this account from now on. A device's password in the environment is sent only to a named
    /// issuer, or to that of a named data directory.
    pub(crate) fn act_as(&mut self, account: &TestAccount) {
        let data = self.data();
        if !self
            .variables
            .iter()
            .any(|(name, _)| name == "ANTEROOM_DATA")
        {
            self.set("ANTEROOM_DATA", data.to_str().unwrap());
        }
        self.act_as_without_data(account);
    }

    /// As [`Self::act_as`], without naming the data directory.
    pub(crate) fn act_as_without_data(&mut self, account: &TestAccount) {
        self.set("ANTEROOM_ACCOUNT", &account.uuid);
        self.set("ANTEROOM_DEVICE_PASSWORD", &account.password);
    }
}

impl ServeProcess {
    /// Starts both services, and waits until both listen.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_until(command, SERVICES_LISTEN)
    }

    /// Starts a command, and waits until its log contains the text.
    pub(crate) fn start_until(command: Command, said: &str) -> Self {
        let mut service = Self(LineProcess::start_service(command).unwrap());
        service.wait_for(said);
        service
    }

    /// Returns the log up to the last line that was waited for.
    pub(crate) fn log(&self) -> &[String] {
        self.0.seen()
    }

    /// Returns the id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.0.signal(signal).unwrap();
    }

    /// Waits until the log contains the text again.
    pub(crate) fn wait_for(&mut self, said: &str) {
        self.0.wait_for(said).unwrap();
    }

    /// Returns the content of the process's writable memory.
    pub(crate) fn memory(&self) -> Vec<u8> {
        let process = PathBuf::from(format!("/proc/{}", self.id()));
        let maps = fs::read_to_string(process.join("maps")).unwrap();
        let mut memory = File::open(process.join("mem")).unwrap();
        let mut bytes = Vec::new();
        for line in maps.lines() {
            let mut words = line.split(' ');
            let (range, rights) = (words.next().unwrap(), words.next().unwrap());
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
            // A mapping may have been removed meanwhile.
            if rights.starts_with("rw") && memory.seek(SeekFrom::Start(start)).is_ok() {
                let mut range = Read::take(&mut memory, end - start);
                let _ = range.read_to_end(&mut bytes);
            }
        }
        bytes
    }

    /// Ends by SIGTERM; the exit status and the whole log.
    pub(crate) fn stop(self) -> (ExitStatus, Vec<String>) {
        self.0.stop().unwrap()
    }
}

impl CallProcess {
    pub(crate) fn start(command: Command) -> Self {
        Self(LineProcess::start_dialogue(command).unwrap())
    }

    /// Starts with this standard error.
    pub(crate) fn start_with(mut command: Command, errors: Stdio) -> Self {
        command.stderr(errors);
        Self::start(command)
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.0.write_line(line).unwrap();
    }

    /// Waits for a line that contains the text, and returns it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.0.wait_for(text).unwrap()
    }

    /// Waits for a line that satisfies the predicate, and returns it.
    pub(crate) fn wait_until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        self.0.wait_until(what, holds).unwrap()
    }

    /// Waits until a device is in the lobby, and returns its tag.
    pub(crate) fn wait_for_guest(&mut self) -> String {
        let line = self.wait_for("waits in the lobby: /admit #");
        let (_, rest) = line.split_once("/admit ").unwrap();
        let (tag, _) = rest.split_once(' ').unwrap();
        tag.to_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.0.signal(signal).unwrap();
    }

    /// Waits for the end of the process, and returns its status and output.
    pub(crate) fn end(self) -> (ExitStatus, Vec<String>) {
        self.0.end().unwrap()
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
