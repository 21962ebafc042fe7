//! The Debian package, created with Debian's own tools.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use xtask::command::StepCommand;

use super::{
    contents::{Contents, Layout},
    notices,
    source::Source,
};

const LAYOUT: Layout = Layout {
    program: "usr/bin/anteroom",
    units: "usr/lib/systemd/system",
    sysusers: "usr/lib/sysusers.d",
    manual: "usr/share/man/man1",
    completions: [
        ("bash", "usr/share/bash-completion/completions", "anteroom"),
        ("zsh", "usr/share/zsh/vendor-completions", "_anteroom"),
        (
            "fish",
            "usr/share/fish/vendor_completions.d",
            "anteroom.fish",
        ),
    ],
};

const SETTINGS: &str = "etc/anteroom/anteroom.toml";
const ENVIRONMENT: &str = "etc/anteroom/environment";
const DOC: &str = "usr/share/doc/anteroom";

/// The revision of the packaging.
const REVISION: &str = "1";

/// Creates the package in `folder`; `scratch` is for temporary files.
pub(super) fn make(source: &Source<'_>, scratch: &Path, folder: &Path) -> Result<PathBuf> {
    let contents = Contents::new(&scratch.join("root"), source)?;
    contents.write_common(&LAYOUT)?;
    write_configuration(&contents)?;
    write_documents(&contents, source)?;

    let architecture = StepCommand::program("dpkg", scratch)
        .args(["--print-architecture"])
        .output()?;
    let architecture = architecture.trim_end();
    let version = format!("{}-{REVISION}", source.version);
    let size = StepCommand::program("du", scratch)
        .args(["--summarize", "--apparent-size", "--block-size=1024"])
        .args([contents.root()])
        .output()?;
    let size = size.split_whitespace().next().unwrap_or_default();
    let sums = sums(contents.root())?;
    let control = contents.read("packaging/debian/control.in")?;
    let control = [
        ("@VERSION@", version.as_str()),
        ("@ARCHITECTURE@", architecture),
        ("@MAINTAINER@", &maintainer()),
        ("@INSTALLED_SIZE@", size),
        ("@DEPENDS@", &libraries(contents.root(), scratch)?),
    ]
    .iter()
    .fold(control, |control, (name, value)| {
        control.replace(name, value)
    });
    contents.write("DEBIAN/control", 0o644, control)?;
    contents.write("DEBIAN/md5sums", 0o644, sums)?;
    let kept = format!("/{SETTINGS}\n/{ENVIRONMENT}\n");
    contents.write("DEBIAN/conffiles", 0o644, kept)?;
    for script in ["postinst", "postrm", "prerm"] {
        let text = contents.read(&format!("packaging/debian/{script}"))?;
        contents.write(&format!("DEBIAN/{script}"), 0o755, text)?;
    }

    let package = folder.join(format!("anteroom_{version}_{architecture}.deb"));
    // Hours of users are worth more than seconds of the maker, but not in a trial.
    let compression = if source.is_for_trying {
        ["-Zgzip", "-z1"]
    } else {
        ["-Zxz", "-z6"]
    };
    StepCommand::program("dpkg-deb", scratch)
        .args(["--root-owner-group", "--build"])
        .args(compression)
        .args([contents.root(), &package])
        .env("SOURCE_DATE_EPOCH", &source.date)
        .quietly()
        .context("dpkg-deb is needed for the package")?;
    Ok(package)
}

fn write_configuration(contents: &Contents<'_>) -> Result<()> {
    let settings = contents.read("docs/anteroom.example.toml")?;
    let default = "\ndata = \"./anteroom-data\"\n";
    ensure!(
        settings.contains(default),
        "docs/anteroom.example.toml names no data directory"
    );
    let settings = settings.replace(default, "\ndata = \"/var/lib/anteroom\"\n");
    contents.write(SETTINGS, 0o644, settings)?;
    let environment = contents.read("packaging/debian/environment")?;
    contents.write(ENVIRONMENT, 0o600, environment)
}

fn write_documents(contents: &Contents<'_>, source: &Source<'_>) -> Result<()> {
    let license = contents.read("LICENSE-MIT")?;
    let (_, license) = license
        .split_once("\n\n")
        .context("LICENSE-MIT has no title")?;
    // A line of the field's text starts with a space, and an empty one is a dot.
    let lines = license.trim_end().lines();
    let license: Vec<String> = lines
        .map(|line| format!(" {}", if line.is_empty() { "." } else { line }))
        .collect();
    let copyright = contents.read("packaging/debian/copyright")?;
    let copyright = copyright.replace("@MIT@", &license.join("\n"));
    contents.write(&format!("{DOC}/copyright"), 0o644, copyright)?;
    let overrides = contents.read("packaging/debian/lintian-overrides")?;
    contents.write("usr/share/lintian/overrides/anteroom", 0o644, overrides)?;

    let date = StepCommand::program("date", contents.root())
        .args(["--utc", "--rfc-email"])
        .args([format!("--date=@{}", source.date)])
        .output()?;
    let date = date.trim_end();
    let entry = format!(
        "anteroom ({}-{REVISION}) unstable; urgency=medium\n\n  \
         * Changes are in changelog.gz beside this file.\n\n -- {}  {date}\n",
        source.version,
        maintainer()
    );
    for (name, text) in [
        ("changelog.Debian", entry),
        ("changelog", contents.read("CHANGELOG.md")?),
        ("third-party-licenses", notices::of(&source.metadata)?),
    ] {
        let path = format!("{DOC}/{name}");
        contents.write(&path, 0o644, text)?;
        contents.compress(&contents.root().join(path))?;
    }
    Ok(())
}

/// Returns the packages of the libraries that the program loads, as `dpkg-shlibdeps` finds them.
fn libraries(root: &Path, scratch: &Path) -> Result<String> {
    // The tool reads the control file of a source package.
    fs::create_dir_all(scratch.join("debian"))?;
    fs::write(
        scratch.join("debian/control"),
        "Source: anteroom\n\nPackage: anteroom\nArchitecture: any\n",
    )?;
    let output = StepCommand::program("dpkg-shlibdeps", scratch)
        .args(["-O", "-e"])
        .args([root.join(LAYOUT.program)])
        .output()
        .context("dpkg-shlibdeps is needed for the package: it is in Debian's dpkg-dev")?;
    let depends = output
        .lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="));
    Ok(depends
        .context("dpkg-shlibdeps finds no libraries")?
        .to_owned())
}

/// Returns the sums of all files but the configuration, which is the operator's.
fn sums(root: &Path) -> Result<String> {
    let files = StepCommand::program("find", root)
        .args(["-type", "f", "-printf", "%P\n"])
        .output()?;
    let mut files: Vec<&Path> = files.lines().map(Path::new).collect();
    files.retain(|file| !file.starts_with("etc"));
    files.sort();
    StepCommand::program("md5sum", root).args(&files).output()
}

/// Returns the maintainer, from the variables that Debian's tools read.
fn maintainer() -> String {
    let variable = |name: &str, default: &str| {
        let value = env::var(name).ok().filter(|value| !value.is_empty());
        value.unwrap_or_else(|| default.to_owned())
    };
    let name = variable("DEBFULLNAME", "The Anteroom Authors");
    let address = variable("DEBEMAIL", "anteroom@localhost");
    format!("{name} <{address}>")
}
