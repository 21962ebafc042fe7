//! The co-admins that an admin's next policy names.

use anteroom_e2ee::{CoAdmin, MemberLeaf};
use anteroom_e2ee_session::{CommandError, Session};
use anteroom_protocol::DemuxId;

/// Returns the co-admins of the era and a member.
pub(super) fn co_admins_with(
    session: &Session,
    device: DemuxId,
) -> Result<Vec<CoAdmin>, CommandError> {
    let mut all = co_admins(session)?;
    let member = claims(session, device)?;
    if all.iter().all(|one| one.member_key != member.member_key) {
        all.push(CoAdmin {
            user: member.user,
            member_key: member.member_key,
        });
    }
    Ok(all)
}

/// Returns the co-admins of the era but a member.
pub(super) fn co_admins_without(
    session: &Session,
    device: DemuxId,
) -> Result<Vec<CoAdmin>, CommandError> {
    let mut others = co_admins(session)?;
    let key = claims(session, device)?.member_key;
    let number = others.len();
    others.retain(|one| one.member_key != key);
    match others.len() < number {
        true => Ok(others),
        false => Err(CommandError::NoCoAdmin),
    }
}

fn co_admins(session: &Session) -> Result<Vec<CoAdmin>, CommandError> {
    let context = session.context().ok_or(CommandError::NotInGroup)?;
    let authority = context.authority();
    Ok(authority.map_or_else(Vec::new, |authority| authority.co_admins.to_vec()))
}

/// Returns the claims of the member with a device.
fn claims(session: &Session, device: DemuxId) -> Result<MemberLeaf, CommandError> {
    let members = session.members();
    let mut members = members.into_iter().map(|member| member.claims);
    let member = members.find(|claims| claims.demux_id == device);
    member.ok_or(CommandError::UnknownMember)
}
