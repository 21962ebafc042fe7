//! `anteroom link import`

use std::{
    fs::File,
    io::{self, BufRead as _, Read},
    path::Path,
};

use anteroom_client::{AdminRights, LinkChange, RoomName};
use anteroom_console::{context::Context, failure::Failure, os};
use anyhow::{Context as _, bail};
use zeroize::Zeroizing;

use super::state::{self, ChangeReport};

use crate::{
    arguments::LinkImport,
    links::{LinkStore, OwnLink, short_name},
    room_session::{LinkTarget, RoomSession},
    secret_text::Input,
};

/// The maximum length of a secret with white space around it, in bytes.
const MOST_BYTES: u64 = 256;
const PASSKEY_ALONE: &str = "with the passkey alone you administer the link and cannot sign whom you let \
    in: ask for the admin secret, which `anteroom link show LINK --secret` prints";

/// The effect on a call that the user has joined before.
const CALLS_GO_ON: &str = "A call that you are in, or wait for, goes on as it is: to be an admin there, leave and join again.";

/// Stores another admin's link with its admin secret, after the room service has accepted the passkey that
/// comes from it.
pub(super) async fn run(
    options: &LinkImport,
    store: &LinkStore,
    context: &Context,
) -> anyhow::Result<()> {
    let is_input = options.secret_file == Path::new("-");
    let link = options.link.link.as_deref();
    if is_input && link.is_none_or(|link| link == "-") {
        let failure = Failure::failed("standard input can give the link or the secret, not both");
        bail!(failure.next("Put one of them into a file"));
    }
    let named = LinkTarget::read(link, Input::Whole, store)?;
    let room = named.link.root_key.room_id();
    let rights = best_rights(read_rights(&options.secret_file)?, &named)?;
    let passkey = rights.passkey(&room);
    let mut link = named.link.clone();
    match (rights.link_key(&room), link.admin) {
        (Some(key), Some(other)) if key != other && !proves(&rights, &named) => {
            bail!(
                Failure::new(
                    "link_admin_other",
                    "that is the admin secret of another link: admin= in the link is not its key",
                )
                .next(
                    "One of the two is mistyped, or they are of two links: compare both with what you \
                     were given, or ask for both anew",
                )
            )
        }
        (Some(own), _) => link.admin = Some(own),
        (None, Some(_)) => tracing::warn!("{PASSKEY_ALONE}"),
        (None, None) => {}
    }
    let is_completed = named.link.admin.is_none() && link.admin.is_some();
    let named = LinkTarget { link, ..named };
    named.check_admin_key()?;
    let session = RoomSession::open(&options.room_flags(), Some(&named), context).await?;
    // An own link was created at this data directory.
    let is_found_here = session.service.data.is_some() && !context.data.is_named();
    if named.own.is_none() && (is_found_here || session.service.is_unproven) {
        bail!(
            Failure::failed("the passkey is sent only to a room service that is named").next(format!(
                "If the link is from a place that you trust, use --rooms {}. ANTEROOM_ROOMS_URL \
                 names it too, or --data or ANTEROOM_DATA its data directory",
                named.rooms_url()
            ))
        );
    }
    let pass = session.pass(&named.link).await?;
    // An empty change, which verifies the passkey.
    let state = session
        .rooms
        .update(
            &named.link.root_key,
            &pass,
            &passkey,
            &LinkChange::default(),
            &mut os::rng(),
        )
        .await
        .context("the secret is not kept")?;
    let own = OwnLink {
        link: named.link,
        rights,
        rooms: session.service.named.clone(),
        data: session.service.data.clone(),
        name: match &state.name {
            RoomName::Known(name) => Some(name.clone()),
            RoomName::None | RoomName::Unreadable => None,
        },
        created: named.own.map_or_else(os::now, |own| own.created),
    };
    store.keep(&own)?;
    let short = short_name(&own.link.root_key.room_id());
    let fields = state::fields(&state, &own.link).line("called", format!("{short} in your list"));
    let whole = match is_completed {
        true => format!(
            " The link that you gave lacks its admin key; anteroom link show {short} has all of it. Whoever came by the \
             other one, also to the lobby, leaves and joins again with the whole link."
        ),
        false => String::new(),
    };
    let text = format!(
        "You are an admin of this link now.\n{}\n\n{CALLS_GO_ON}{whole}",
        fields.text()
    );
    context.show(&ChangeReport::new(&state, &own.link, &short), &text)
}

/// Returns the rights to keep: a passkey takes no admin secret away.
fn best_rights(given: AdminRights, named: &LinkTarget) -> anyhow::Result<AdminRights> {
    let own = named.own.as_ref();
    let own = own.filter(|own| matches!(own.rights, AdminRights::Secret(_)));
    match (&given, own) {
        (AdminRights::Passkey(_), Some(own)) if has_passkey_of(&given, own) => {
            Ok(own.rights.clone())
        }
        (AdminRights::Passkey(_), Some(_)) => {
            bail!(
                Failure::failed(
                    "that is not the passkey of the admin secret that you have of this link"
                )
                .next(
                    "Keep the secret, with which you are an admin already; if the link has another one now, ask an \
                     admin for that"
                )
            )
        }
        _ => Ok(given),
    }
}

/// Returns whether an admin secret decides which admin key the user's own link names: the passkey that the room
/// service has accepted comes from it, and the kept key came with that passkey alone, so nobody has proven it.
fn proves(given: &AdminRights, named: &LinkTarget) -> bool {
    named.own.as_ref().is_some_and(|own| {
        matches!(own.rights, AdminRights::Passkey(_))
            && own.link.admin == named.link.admin
            && has_passkey_of(given, own)
    })
}

fn has_passkey_of(given: &AdminRights, own: &OwnLink) -> bool {
    let room = own.link.root_key.room_id();
    own.passkey().as_bytes() == given.passkey(&room).as_bytes()
}

/// Returns the admin secret or the passkey in a file, or in a line of standard input for `-`.
fn read_rights(file: &Path) -> anyhow::Result<AdminRights> {
    let mut text = Zeroizing::new(String::new());
    if file == Path::new("-") {
        let mut input = io::stdin().lock().take(MOST_BYTES);
        input
            .read_line(&mut text)
            .context("the secret cannot be read from standard input")?;
    } else {
        let shown = || format!("the secret file {} cannot be read", file.display());
        let opened = File::open(file).with_context(shown)?;
        let mut bounded = opened.take(MOST_BYTES);
        bounded.read_to_string(&mut text).with_context(shown)?;
    }
    // The error does not quote the text, which could be a secret in another form.
    AdminRights::parse(&text).ok().ok_or_else(|| {
        Failure::failed(
            "that is neither an admin secret nor a passkey, which have 32 or 16 bytes in base64",
        )
        .next("Copy all of what anteroom link show LINK --secret prints")
        .into()
    })
}

#[cfg(test)]
mod tests {
    use anteroom_client::{AdminSecret, LinkAdminKey};
    use anteroom_protocol::{AdminPasskey, CallLink, RootKey, Timestamp};

    use super::*;

    /// The target of a link that the user has with these rights.
    fn target(rights: AdminRights, admin: Option<LinkAdminKey>) -> LinkTarget {
        let link = CallLink {
            host: "rooms.example".to_owned(),
            is_plain: false,
            root_key: RootKey::parse("mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt").unwrap(),
            params: None,
            without_certificates: false,
            admin,
        };
        let own = OwnLink {
            link: link.clone(),
            rights,
            rooms: None,
            data: None,
            name: None,
            created: Timestamp::from_secs(1),
        };
        LinkTarget {
            link,
            own: Some(own),
        }
    }

    #[test]
    fn a_passkey_takes_no_admin_secret_away() {
        let secret = AdminRights::Secret(AdminSecret::from_bytes([1; 32]));
        let named = target(secret.clone(), None);
        let room = named.link.root_key.room_id();
        let own = AdminRights::Passkey(secret.passkey(&room));
        let kept = best_rights(own.clone(), &named).unwrap();
        assert!(matches!(kept, AdminRights::Secret(_)));
        let other = || AdminRights::Passkey(AdminPasskey::from_bytes([2; 16]));
        assert!(best_rights(other(), &named).is_err());
        // Another passkey takes the place of a passkey.
        let named = target(own, None);
        assert!(best_rights(other(), &named).is_ok());
    }

    #[test]
    fn a_secret_decides_over_a_key_that_was_kept_with_its_passkey_alone() {
        let secret = AdminRights::Secret(AdminSecret::from_bytes([1; 32]));
        let foreign = Some(LinkAdminKey::from_bytes([9; 32]));
        let room = target(secret.clone(), None).link.root_key.room_id();
        let passkey = AdminRights::Passkey(secret.passkey(&room));
        assert!(proves(&secret, &target(passkey.clone(), foreign)));
        let other = AdminRights::Secret(AdminSecret::from_bytes([2; 32]));
        assert!(!proves(&other, &target(passkey.clone(), foreign)));
        assert!(!proves(&secret, &target(secret.clone(), foreign)));
        // The link on the command line names a key that the kept one does not.
        let mut named = target(passkey, None);
        named.link.admin = foreign;
        assert!(!proves(&secret, &named));
    }
}
