//! Janus with its VideoRoom, Debian's package: a process of the measurement's own, with its own configuration in a
//! temporary folder. The service of the package is not touched.

use core::net::{Ipv4Addr, SocketAddr};
use std::{
    fs,
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anteroom_bench_media::{messages::NewClient, own_address::own_address};
use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{
    load::MediaLoad,
    subject::MediaSubject,
    video_room::{Handle, VideoRoom},
};

/// The program.
const PROGRAM: &str = "janus";

/// Debian's folder of the parts of Janus is below this one, in a folder of the machine's architecture.
const LIBRARIES: &str = "/usr/lib";

/// The parts that are loaded.
const PLUGIN: &str = "plugins/libjanus_videoroom.so";
const TRANSPORT: &str = "transports/libjanus_websockets.so";

/// The running server.
pub(super) struct Janus {
    /// The connection ends before the process.
    room: VideoRoom,
    /// Those that carry media: they end with their handles.
    handles: Vec<Handle>,
    process: JanusProcess,
}

struct JanusProcess {
    child: Child,
    _folder: TempDir,
}

impl Drop for JanusProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Janus {
    pub(super) fn start() -> Result<Self> {
        let folder = TempDir::new()?;
        let port = free_port()?;
        write_folder(folder.path(), port)?;
        let configuration = folder.path().join("configuration");
        let child = Command::new(PROGRAM)
            .arg("--configs-folder")
            .arg(&configuration)
            .arg("--config")
            .arg(configuration.join("janus.jcfg"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("janus does not start: install Debian's package `janus`")?;
        let mut process = JanusProcess {
            child,
            _folder: folder,
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let room = VideoRoom::open(address, || {
            let ended = process.child.try_wait()?;
            anyhow::ensure!(ended.is_none(), "janus has ended by itself");
            Ok(())
        })?;
        Ok(Self {
            room,
            handles: Vec::new(),
            process,
        })
    }
}

impl MediaSubject for Janus {
    fn process(&self) -> u32 {
        self.process.child.id()
    }

    fn publish(&mut self, load: &mut MediaLoad, client: NewClient) -> Result<()> {
        let number = client.number;
        let (offer, _) = load.offer(client)?;
        let (handle, answer) = self.room.publish(number, &offer)?;
        self.handles.push(handle);
        load.answer(number, answer)
    }

    fn watch(&mut self, load: &mut MediaLoad, client: NewClient, senders: &[u32]) -> Result<()> {
        let (handle, offer) = self.room.subscribe(senders)?;
        let answer = load.accept(client, offer)?;
        self.room.start(&handle, &answer)?;
        self.handles.push(handle);
        Ok(())
    }
}

/// Returns a port that is free now.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Finds a part of the package.
fn part(name: &str) -> Result<PathBuf> {
    for folder in fs::read_dir(LIBRARIES)? {
        let file = folder?.path().join("janus").join(name);
        if file.exists() {
            return Ok(file);
        }
    }
    anyhow::bail!("{name} of janus is not there: install Debian's package `janus`")
}

/// Writes the configuration and the folders of the parts that are loaded.
fn write_folder(folder: &Path, port: u16) -> Result<()> {
    for name in ["configuration", "plugins", "transports", "none"] {
        fs::create_dir(folder.join(name))?;
    }
    for name in [PLUGIN, TRANSPORT] {
        symlink(part(name)?, folder.join(name))?;
    }
    let at = folder.display();
    let media = own_address();
    let files = [
        (
            "janus.jcfg",
            format!(
                "general: {{\n configs_folder = \"{at}/configuration\"\n \
                 plugins_folder = \"{at}/plugins\"\n transports_folder = \"{at}/transports\"\n \
                 events_folder = \"{at}/none\"\n loggers_folder = \"{at}/none\"\n \
                 debug_level = 2\n session_timeout = 0\n}}\n\
                 nat: {{\n ice_enforce_list = \"{media}\"\n full_trickle = false\n}}\n"
            ),
        ),
        (
            "janus.transport.websockets.jcfg",
            format!(
                "general: {{\n json = \"compact\"\n ws = true\n ws_ip = \"127.0.0.1\"\n \
                 ws_port = {port}\n wss = false\n}}\nadmin: {{\n admin_ws = false\n}}\n"
            ),
        ),
        ("janus.plugin.videoroom.jcfg", String::new()),
    ];
    for (name, text) in files {
        fs::write(folder.join("configuration").join(name), text)?;
    }
    Ok(())
}
