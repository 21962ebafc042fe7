//! The command line of a person's own commands.
#![expect(
    missing_docs,
    reason = "comments are the texts of the help, which says nothing where nothing is to be said"
)]

use std::path::PathBuf;

use anteroom_console::exit_status::ExitStatus;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub enum Link {
    /// Create the link of a new room, and keep it with its admin secret in a sealed file of yours
    Create(LinkCreate),
    /// Show a link's state and who is in its call
    Show(LinkShow),
    /// Become an admin of somebody else's link, with the admin secret that they have given you
    Import(LinkImport),
    /// Give a room another name
    Rename {
        #[command(flatten)]
        link: LinkArgument,
        /// The name; an empty one takes it away
        name: String,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// Decide whether who comes by a link must wait for an admin
    Approval {
        #[command(flatten)]
        link: LinkArgument,
        /// On or off
        approval: OnOff,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// Decide about guests, who come by a link without an account of their own
    Guests {
        #[command(flatten)]
        link: LinkArgument,
        /// Whether they wait for an admin in any case, join as people with accounts do, or not at all
        guests: GuestRule,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// Let nobody join any more
    Revoke {
        #[command(flatten)]
        link: LinkArgument,
        /// Let people join again
        #[arg(long)]
        undo: bool,
        /// Send everybody in the call and its lobby away
        #[arg(long, conflicts_with = "undo")]
        end_call: bool,
        /// Do not ask before the call ends
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// Delete a link, here too: its admin secret is forgotten
    Delete {
        #[command(flatten)]
        link: LinkArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Send everybody in the call and its lobby away; without this a link with a call stays
        #[arg(long)]
        end_call: bool,
        #[command(flatten)]
        rooms: RoomFlags,
    },
    /// List the links that you are an admin of
    List {
        /// Print the links themselves too: whoever sees one can join
        #[arg(long)]
        links: bool,
        /// Print links and admin secrets too: whoever sees both is an admin, and stays one
        #[arg(long)]
        secrets: bool,
    },
}

/// Yes or no, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    On,
    Off,
}

/// The admission of guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GuestRule {
    Wait,
    Accounts,
    No,
}

#[derive(Args)]
pub struct LinkArgument {
    /// The short name of a link of yours, a link, or a root key; @FILE reads it from a file, "-" from
    /// standard input. Other users of this machine can see a command line: do not write a link there
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    pub link: String,
}

#[derive(Args)]
pub struct OptionalLinkArgument {
    /// The short name of a link of yours, a link, or a root key; @FILE reads it from a file, "-" from
    /// standard input. Other users of this machine can see a command line: do not write a link
    /// there [default: a prompt]
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    pub link: Option<String>,
}

#[derive(Args)]
pub struct LinkCreate {
    /// The room's name, which the room service cannot read
    #[arg(long)]
    pub name: Option<String>,
    /// Whether who comes by the link must wait for an admin
    #[arg(long, value_enum, default_value = "on")]
    pub approval: OnOff,
    /// Ask everybody who comes to leave out the issuer's certificate, with which others could prove
    /// that they were there
    #[arg(long)]
    pub without_certificates: bool,
    #[command(flatten)]
    pub rooms: RoomFlags,
}

#[derive(Args)]
pub struct LinkImport {
    #[command(flatten)]
    pub link: OptionalLinkArgument,
    /// A file with the link's admin secret, as `link show --secret` prints it, or with its passkey; "-"
    /// reads a line of standard input
    #[arg(long, value_name = "FILE", alias = "passkey-file")]
    pub secret_file: PathBuf,
    /// The room service's address, to which the passkey of the secret goes [env: ANTEROOM_ROOMS_URL]
    /// [default: where a link of yours was created, the one that serves the DIR of --data, or the
    /// link's host over https]. A link that begins with http needs this
    #[arg(long, value_name = "URL")]
    pub rooms: Option<String>,
    /// Ask the issuer for credentials now instead of taking the stored ones: both services together
    /// can then tell by the time which room the account visits or creates
    #[arg(long)]
    pub fetch: bool,
    #[command(flatten)]
    pub client: ClientFlags,
}

impl LinkImport {
    /// Returns the flags of a command that goes to the room service.
    pub(crate) fn room_flags(&self) -> RoomFlags {
        RoomFlags {
            rooms: self.rooms.clone(),
            fetch: self.fetch,
            client: self.client.clone(),
        }
    }
}

#[derive(Args)]
pub struct LinkShow {
    #[command(flatten)]
    pub link: OptionalLinkArgument,
    /// Print the admin secret too: whoever has it and the link is an admin, and stays one. Without one, the
    /// passkey is printed
    #[arg(long)]
    pub secret: bool,
    /// Print the passkey too, for programs that know no admin secrets: whoever has it and the link
    /// administers the link, and cannot sign who is let in
    #[arg(long)]
    pub passkey: bool,
    /// Show the link as a QR code too, if this is a terminal that has room for it
    #[arg(long)]
    pub qr: bool,
    #[command(flatten)]
    pub rooms: RoomFlags,
}

#[derive(Subcommand)]
pub enum CallCommand {
    /// Join a call from this terminal
    #[command(after_help = ExitStatus::help())]
    Join(CallJoin),
    /// Play a file in a call as a participant, as soon as somebody else is there, and leave at its end
    #[command(after_help = ExitStatus::help())]
    Play(CallPlay),
    /// Record a call as a participant whom all see: what each one says and shows, in a file each. It is for you to ask
    /// them
    #[command(after_help = ExitStatus::help())]
    Record(CallRecord),
    /// Send everybody in a call and its lobby away, without being in it
    End {
        #[command(flatten)]
        link: LinkArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        rooms: RoomFlags,
    },
}

#[derive(Args)]
pub struct CallJoin {
    #[command(flatten)]
    pub link: OptionalLinkArgument,
    #[command(flatten)]
    pub entry: CallEntry,
    /// Plain lines, for scripts and screen readers
    #[arg(long)]
    pub plain: bool,
}

/// Flags of commands that go into a call.
#[derive(Args)]
pub struct CallEntry {
    /// Join as an admin, or not at all. A link of yours is joined as an admin by default, with the
    /// secret that was kept when you created or imported it; this sends it to another room service
    /// too
    #[arg(long)]
    pub admin: bool,
    /// Join a link of yours as a guest. Without a login and an account, join with the account of a guest,
    /// which the issuer gives to anybody if it takes guests, and which is used for this call alone
    #[arg(long, conflicts_with = "admin")]
    pub guest: bool,
    /// The name that the others see and the room service does not, in at most 60 characters [default:
    /// your answer when you were asked, which is kept; of play and record, Player and Recorder]
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub rooms: RoomFlags,
}

#[derive(Args)]
pub struct CallPlay {
    #[command(flatten)]
    pub link: LinkArgument,
    /// The file: Ogg Opus, IVF with VP8, or WebM with Opus, VP8 or both
    pub file: PathBuf,
    /// Show the picture as a shared screen, with its sound, and not as a camera
    #[arg(long)]
    pub screen: bool,
    #[command(flatten)]
    pub entry: CallEntry,
}

#[derive(Args)]
pub struct CallRecord {
    #[command(flatten)]
    pub link: LinkArgument,
    /// The folder for the files, which is made if it is not there
    pub folder: PathBuf,
    /// The megabytes that all files together have at most: then the recording ends
    #[arg(long, value_name = "MB", default_value_t = 4_096)]
    pub limit: u64,
    #[command(flatten)]
    pub entry: CallEntry,
}

/// Flags of commands that go to the room service.
#[derive(Args)]
pub struct RoomFlags {
    /// The room service's address [env: ANTEROOM_ROOMS_URL] [default: where the link was created,
    /// the one that serves DIR, or the link's host]
    #[arg(long, value_name = "URL")]
    pub rooms: Option<String>,
    /// Ask the issuer for credentials now instead of taking the stored ones: both services together
    /// can then tell by the time which room the account visits or creates
    #[arg(long)]
    pub fetch: bool,
    #[command(flatten)]
    pub client: ClientFlags,
}

#[derive(Args)]
pub struct Login {
    /// The email address; else a prompt
    #[arg(long)]
    pub email: Option<String>,
    /// Stay logged in for 30 days without use instead of 7
    #[arg(long)]
    pub remember: bool,
    /// What this device is called, in at most 100 characters
    #[arg(long, value_name = "DEVICE-NAME")]
    pub name: Option<String>,
    /// Be this device of the account again; else the one of the last login here, or a new one
    #[arg(long, value_name = "NUMBER")]
    pub device: Option<u32>,
    /// A file with the password ("-" reads a line of standard input); else ANTEROOM_PASSWORD or a
    /// prompt
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR, or the only
    /// one with a login]
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
}

#[derive(Subcommand)]
pub enum Credential {
    /// Get a credential for creating the link of one room
    Create(CredentialCreate),
    /// Get a week of credentials for using links and groups
    Auth(ClientFlags),
    /// Fetch and store the credentials of the week, and some for creating links. Commands do this in
    /// the background once a day (ANTEROOM_RENEWAL=off keeps them from it)
    Renew(CredentialRenew),
}

#[derive(Args)]
#[command(group = ArgGroup::new("key").required(true))]
pub struct CredentialCreate {
    /// The room's root key; @FILE reads it from a file, "-" from standard input. Other users of this
    /// machine can see a command line: do not write the key there
    #[arg(long, value_name = "TEXT", group = "key", allow_hyphen_values = true)]
    pub root_key: Option<String>,
    /// Make a new root key
    #[arg(long, group = "key")]
    pub new: bool,
    #[command(flatten)]
    pub client: ClientFlags,
}

#[derive(Args)]
pub struct CredentialRenew {
    /// Wait for the time of each renewal, which is drawn by chance, until nothing was used for a week
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub client: ClientFlags,
}

#[derive(Args)]
pub struct Relays {
    /// Print user names and passwords too
    #[arg(long)]
    pub secrets: bool,
    #[command(flatten)]
    pub client: ClientFlags,
}

/// Flags of commands that act as a client.
#[derive(Args, Clone, Default)]
pub struct ClientFlags {
    /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR, or the only
    /// one with a login]
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// The account, and its device if it is not the first [env: ANTEROOM_ACCOUNT] [default: the login]
    #[arg(long, value_name = "UUID[.DEVICE]")]
    pub account: Option<String>,
    /// A file with the device's password; else ANTEROOM_DEVICE_PASSWORD or a prompt
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Trust server params of this id from now on (from a link, or from another member)
    #[arg(long, value_name = "ID")]
    pub trust: Vec<String>,
}
