//! The layers of the workspace: which crate belongs to which, and which layer knows which.
//!
//! A new crate gets a line in `LAYERS`. Everything that its layer does not allow is an exception with a
//! reason, and an exception that nothing uses any more is a violation.

use Layer::{
    Adapter, App, Composition, Console, Database, Kit, Operator, Process, Program, Pure, Sdk,
    Service, Store, Testkit, Tool, Xtask,
};

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// No I/O, clock, randomness of its own or async.
    Pure,
    /// The parts that services share at run time.
    Kit,
    /// The traits of the databases.
    Store,
    /// A database behind the traits.
    Database,
    /// A way to another service: mail, identity providers, relays, webhooks.
    Adapter,
    /// One of the services, as a library.
    Service,
    /// The library of clients.
    Sdk,
    /// What the parts of the program share: output, failures, the data directory.
    Console,
    /// Parts of the program for users, who have no service.
    App,
    /// Parts of the program for operators, who work on the databases of the services.
    Operator,
    /// The only place that reads the configuration and puts the services together. Commands of operators name
    /// a database or an adapter where an exception says so.
    Composition,
    /// The program.
    Program,
    /// Programs as processes and devices on connections of their own, for tests and tools.
    Process,
    /// Servers for tests.
    Testkit,
    /// A program for tests and measurements.
    Tool,
    /// `cargo xtask`.
    Xtask,
}

/// The crates with their layers.
pub(super) const LAYERS: &[(&str, Layer)] = &[
    ("anteroom-sigma", Pure),
    ("anteroom-kvac", Pure),
    ("anteroom-protocol", Pure),
    ("anteroom-wire", Pure),
    ("anteroom-call", Pure),
    ("anteroom-sfu", Pure),
    ("anteroom-e2ee", Pure),
    ("anteroom-e2ee-session", Pure),
    ("anteroom-client-core", Pure),
    ("anteroom-runtime", Kit),
    ("anteroom-http-client", Kit),
    ("anteroom-http-server", Kit),
    ("anteroom-pages", Kit),
    ("anteroom-store", Store),
    ("anteroom-store-sqlite", Database),
    ("anteroom-mail", Adapter),
    ("anteroom-oidc", Adapter),
    ("anteroom-turn", Adapter),
    ("anteroom-webhook", Adapter),
    ("anteroom-media", Adapter),
    ("anteroom-accounts", Service),
    ("anteroom-issuer", Service),
    ("anteroom-rooms", Service),
    ("anteroom-client-media", Sdk),
    ("anteroom-client", Sdk),
    ("anteroom-console", Console),
    ("anteroom-call-terminal", App),
    ("anteroom-media-files", App),
    ("anteroom-user-cli", App),
    ("anteroom-server", Composition),
    ("anteroom-operator-cli", Operator),
    ("anteroom", Program),
    ("anteroom-process", Process),
    ("anteroom-media-device", Process),
    ("anteroom-testkit", Testkit),
    ("anteroom-bench", Tool),
    ("anteroom-bench-e2ee", Tool),
    ("anteroom-bench-media", Tool),
    ("anteroom-chaos", Tool),
    ("anteroom-dist", Tool),
    ("anteroom-load", Tool),
    ("anteroom-meeting", Tool),
    ("anteroom-picture", Tool),
    ("anteroom-vectors", Tool),
    ("browser-frames", Tool),
    ("browser-peer", Tool),
    ("interop-peer", Tool),
    ("xtask", Xtask),
];

/// The pure crates that are no code for browsers, with the reason.
const NATIVE: &[(&str, &str)] = &[(
    "anteroom-sfu",
    "it is part of a server, over a library for connections with cryptography in C",
)];

/// The layers that each layer may depend on, outside of tests. The crates of a list know
/// [`COMMON`] too.
pub(super) const KNOWN: &[(Layer, &[Layer])] = &[
    (Pure, &[Pure]),
    (Kit, &[Kit]),
    (Store, &[]),
    (Database, &[Store]),
    (Adapter, &[Kit]),
    (Service, &[Pure, Kit, Store]),
    (Sdk, &[Pure]),
    (Console, &[Kit, Sdk]),
    (App, &[Pure, Kit, Sdk, Console]),
    (
        Composition,
        &[Console, Kit, Store, Database, Adapter, Service],
    ),
    (Operator, &[Kit, Store, Service, Sdk, Console, Composition]),
    (
        Program,
        &[
            Pure,
            Kit,
            Store,
            Service,
            Sdk,
            Console,
            App,
            Operator,
            Composition,
        ],
    ),
    (
        Testkit,
        &[Pure, Kit, Store, Database, Adapter, Service, Process],
    ),
    (Process, &[]),
    (Tool, &[Pure, Sdk, Process]),
    (Xtask, &[Process]),
];

/// The crate of ids and times, which every layer may know. `xtask` may not: it is built in seconds.
pub(super) const COMMON: &str = "anteroom-protocol";

/// A dependency that the layers do not allow: the crate, the crate that it knows, and the reason.
pub(super) type Exception = (&'static str, &'static str, &'static str);

/// The dependencies between crates that are exceptions.
pub(super) const EDGES: &[Exception] = &[
    (
        "anteroom-issuer",
        "anteroom-accounts",
        "the issuer asks who the caller is; accounts know no credentials",
    ),
    ("anteroom-issuer", "anteroom-turn", TRAIT_OF_RELAYS),
    (
        "anteroom-client",
        "anteroom-client-media",
        "the media of a session go over a connection of their own",
    ),
    (
        "anteroom-media",
        "anteroom-sfu",
        "it carries out what that crate decides",
    ),
    (
        "anteroom-server",
        "anteroom-wire",
        "it puts the name of the instance into answers",
    ),
    (
        "anteroom-user-cli",
        "anteroom-call-terminal",
        "it joins the call that the terminal shows",
    ),
    (
        "anteroom-user-cli",
        "anteroom-media-files",
        "it plays files in calls, and records calls",
    ),
    (
        "anteroom-user-cli",
        "anteroom-store",
        "it compares email addresses as the issuer does",
    ),
    ("anteroom-operator-cli", "anteroom-mail", OPERATOR),
    ("anteroom-operator-cli", "anteroom-turn", OPERATOR),
    ("anteroom-operator-cli", "anteroom-webhook", OPERATOR),
    ("anteroom-operator-cli", "anteroom-store-sqlite", OPERATOR),
    ("anteroom", "anteroom-store-sqlite", DEMO),
    (
        "anteroom-bench",
        "anteroom-bench-e2ee",
        "it measures that crate natively, and as a module of WebAssembly",
    ),
    (
        "anteroom-bench",
        "anteroom-bench-media",
        "it starts the server under test and the load of that crate, and speaks with both",
    ),
    (
        "anteroom-bench",
        "xtask",
        "its command line is that of `cargo xtask bench`",
    ),
    (
        "anteroom-bench-media",
        "anteroom-media",
        "that crate is the server under test",
    ),
    (
        "anteroom-dist",
        "xtask",
        "it runs other programs as the steps do",
    ),
    (
        "anteroom-meeting",
        "anteroom-media-files",
        "its participants play a recorded tone",
    ),
    (
        "anteroom-meeting",
        "anteroom-testkit",
        "its participants are behind paths that lose and delay packets",
    ),
    ("browser-peer", "anteroom-media", PAGES_OF_A_CALL),
    ("browser-peer", "anteroom-testkit", PAGES_OF_A_CALL),
    ("interop-peer", "anteroom-store", KEYS_OF_A_RUNNING_ISSUER),
    (
        "interop-peer",
        "anteroom-store-sqlite",
        KEYS_OF_A_RUNNING_ISSUER,
    ),
];

const TRAIT_OF_RELAYS: &str = "the crate defines what a provider of relays is";
const DEMO: &str = "the demo adds accounts to the database of its own issuer";
const OPERATOR: &str =
    "the operator's commands work on the files of the services, and try their settings";
const PAGES_OF_A_CALL: &str =
    "it is a media server for pages, behind links as the test shapes them";
const KEYS_OF_A_RUNNING_ISSUER: &str = "it reads a running issuer's keys from its database";

/// The crates on the sides of the walls. No crate of one side reaches another side, directly or through
/// others, and not in its tests either; only crates of [`MEETING_PLACES`] know several sides.
pub(super) const WALLS: &[&[&str]] = &[
    &["anteroom-accounts", "anteroom-issuer"],
    &["anteroom-rooms", "anteroom-media"],
];

/// The layers that know both sides of a wall.
pub(super) const MEETING_PLACES: &[Layer] = &[Composition, Operator, Program, Testkit];

/// Packages of others that only few crates may depend on.
pub(super) struct Reserved {
    /// The beginning of the packages' names.
    pub(super) prefix: &'static str,
    /// The layers that may.
    pub(super) layers: &'static [Layer],
    /// The crates that may.
    pub(super) crates: &'static [&'static str],
    /// Whether tests of any crate may.
    pub(super) in_tests: bool,
    /// The reason, and what others do.
    pub(super) reason: &'static str,
}

/// The reserved packages.
pub(super) const RESERVED: &[Reserved] = &[
    Reserved {
        prefix: "sqlx",
        layers: &[Database],
        crates: &[],
        in_tests: false,
        reason: "SQL stands in one layer: go through the traits of `store`",
    },
    Reserved {
        prefix: "reqwest",
        layers: &[Testkit, Tool],
        crates: &["anteroom-http-client", "anteroom-client"],
        in_tests: true,
        reason: "time limits, redirects and certificates are decided once: use `http-client`",
    },
    Reserved {
        prefix: "str0m",
        layers: &[],
        crates: &[
            "anteroom-sfu",
            "anteroom-media",
            "anteroom-client-media",
            "anteroom-media-device",
            "anteroom-bench-media",
        ],
        in_tests: true,
        reason: "media stand behind one crate: go through it",
    },
    Reserved {
        prefix: "quinn-udp",
        layers: &[],
        crates: &["anteroom-media"],
        in_tests: false,
        reason: "sockets of media stand in one crate: go through it",
    },
];

/// Dependencies on reserved packages that are exceptions.
pub(super) const RESERVED_EXCEPTIONS: &[Exception] = &[];

impl Layer {
    /// The folder of the layer's crates.
    pub(super) const fn folder(self) -> &'static [&'static str] {
        match self {
            Self::Pure => &["crates/pure/"],
            Self::Kit => &["crates/kit/"],
            Self::Store | Self::Database => &["crates/store/"],
            Self::Adapter => &["crates/adapters/"],
            Self::Service => &["crates/services/"],
            Self::Sdk => &["crates/sdk/"],
            Self::Console | Self::App | Self::Composition | Self::Operator | Self::Program => {
                &["crates/apps/"]
            }
            Self::Testkit => &["crates/testkit"],
            Self::Process => &["tests/"],
            Self::Tool => &["tools/", "tests/"],
            Self::Xtask => &["xtask"],
        }
    }

    /// Returns the layer of a crate.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let mut layers = LAYERS.iter().filter(|(listed, _)| *listed == name);
        layers.next().map(|(_, layer)| *layer)
    }

    /// Returns the layers that this one may know.
    pub(super) fn known(self) -> &'static [Self] {
        let mut known = KNOWN.iter().filter(|(layer, _)| *layer == self);
        known.next().map_or(&[], |(_, known)| known)
    }
}

/// Returns the names of the pure crates that are code for browsers too.
#[must_use]
pub fn browser_crates() -> Vec<&'static str> {
    let is_native = |name: &str| NATIVE.iter().any(|(native, _)| *native == name);
    let mut crates = pure_crates();
    crates.retain(|name| !is_native(name));
    crates
}

/// Returns the names of the pure crates.
#[must_use]
pub fn pure_crates() -> Vec<&'static str> {
    let pure = LAYERS.iter().filter(|(_, layer)| *layer == Pure);
    pure.map(|(name, _)| *name).collect()
}
