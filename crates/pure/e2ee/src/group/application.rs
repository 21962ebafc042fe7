//! Application messages of a member's group.

use openmls::{
    group::PastEpochDeletion,
    prelude::{ProcessedMessageContent, Sender},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    error::{GroupFailure, MessageError},
    message::{GroupMessage, SenderTime},
    mls::{MemberSigner, parse_message},
    provider::Provider,
    state::{Group, GroupParts},
};
use crate::{GroupEpoch, Moment};

impl Group {
    /// Seals an application message. It is padded to a multiple of 64 bytes.
    ///
    /// # Errors
    /// [`GroupFailure::TooLong`]; [`GroupFailure::Mls`] if this member was taken out.
    pub fn seal_message(
        &mut self,
        message: &GroupMessage,
        time: SenderTime,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Vec<u8>, GroupFailure> {
        if let GroupMessage::Content(content) = message
            && content.len() > GroupMessage::MAX_CONTENT
        {
            return Err(GroupFailure::TooLong);
        }
        let GroupParts {
            mls,
            storage,
            member_key,
            ..
        } = &mut self.parts;
        let provider = Provider::new(storage, rng);
        let bytes = message.to_bytes(time);
        let sealed = mls.create_message(&provider, &MemberSigner(member_key), &bytes);
        let sealed = sealed.map_err(|_| GroupFailure::Mls)?;
        sealed.to_bytes().map_err(|_| GroupFailure::Mls)
    }

    /// Opens an application message of a member, once. Messages of the epochs before are opened for 10 s,
    /// those of leaves that are no longer in for 2 s.
    /// Returns the epoch, the leaf in that epoch's tree, and the time by the sender's clock.
    ///
    /// # Errors
    /// No member sent it, it was opened before, or its epoch is over.
    pub fn open_message(
        &mut self,
        body: &[u8],
        now: Moment,
    ) -> Result<(GroupEpoch, u32, SenderTime, GroupMessage), MessageError> {
        self.drop_past_epochs(now);
        let message = parse_message(body).ok_or(MessageError)?;
        if message.is_handshake_message() {
            return Err(MessageError);
        }
        let provider = Provider::without_rng(&self.parts.storage);
        let processed = self.parts.mls.process_message(&provider, message);
        let processed = processed.map_err(|_| MessageError)?;
        let epoch = GroupEpoch {
            group: self.parts.number,
            epoch: processed.epoch().as_u64(),
        };
        let Sender::Member(leaf) = processed.sender().clone() else {
            return Err(MessageError);
        };
        let is_over = |(past, until): &(u64, Moment)| *past == epoch.epoch && now >= *until;
        if self.past.iter().any(is_over) {
            return Err(MessageError);
        }
        let has_left = self.leavers.iter().any(|leaver| {
            leaver.leaf == leaf.u32() && epoch.epoch <= leaver.last_epoch && now >= leaver.until
        });
        if has_left {
            return Err(MessageError);
        }
        let ProcessedMessageContent::ApplicationMessage(content) = processed.into_content() else {
            return Err(MessageError);
        };
        let content = Zeroizing::new(content.into_bytes());
        let (time, message) = GroupMessage::parse(&content).map_err(|_| MessageError)?;
        Ok((epoch, leaf.u32(), time, message))
    }

    /// Drops the keys of the epochs before this one, 10 s after it began. MLS drops those of earlier ones than the
    /// last two itself.
    pub fn drop_past_epochs(&mut self, now: Moment) {
        let is_over = self.past.back().is_some_and(|(_, until)| now >= *until);
        if is_over {
            self.past.clear();
            self.leavers.clear();
            let provider = Provider::without_rng(&self.parts.storage);
            let mls = &mut self.parts.mls;
            // The storage in memory does not fail.
            let _dropped =
                mls.delete_past_epoch_secrets(&provider, PastEpochDeletion::delete_all());
        }
    }
}
