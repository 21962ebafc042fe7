//! The key maintenance of an open file.

use std::{fmt, num::NonZeroU32};

use anteroom_protocol::Timestamp;
use anteroom_store::{
    KeyError, KeyOwner, MasterKey, TransactionName,
    keys::{KeyDatabase, KeyEntry, KeyId, KeyPurpose, ResealCursor, ResealStep, SealedValues},
};
use async_trait::async_trait;
use rand_core::CryptoRng;

use super::{
    error::Result,
    file::{KeyedTransaction, OpenFile},
    keys, reseal,
};

const LIST: TransactionName = TransactionName::new("list keys");
const ROTATE: TransactionName = TransactionName::new("rotate a key");
const RETIRE: TransactionName = TransactionName::new("retire keys");
const COUNT: TransactionName = TransactionName::new("count sealed values");
const READ_STALE: TransactionName = TransactionName::new("read values to seal anew");
const RESEAL: TransactionName = TransactionName::new("seal values anew");
const REWRAP: TransactionName = TransactionName::new("wrap keys anew");

#[async_trait]
impl KeyDatabase for OpenFile {
    fn owner(&self) -> KeyOwner {
        self.keyring_cache.last_seen().owner()
    }

    async fn keys(&self) -> Result<Vec<KeyEntry>> {
        let mut keyed = self.begin_reading(LIST).await?;
        keys::entries(&mut keyed.transaction).await
    }

    async fn rotate(
        &self,
        purpose: KeyPurpose,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<KeyId> {
        self.check_rotates(purpose)?;
        let KeyedTransaction {
            mut transaction,
            keyring,
        } = self.begin_writing(ROTATE).await?;
        // Another process may have changed the master key since. A new key under the old master key
        // would lock every process out.
        let keyring = keyring.reload(&keys::all(&mut transaction).await?)?;
        let id = keys::next_id(&mut transaction).await?;
        let key = keyring.draw(id, purpose, now, rng)?;
        keys::add(&mut transaction, &key).await?;
        transaction.commit().await?;
        // Loads the new key into this process's keyring.
        self.begin_reading(LIST).await?;
        Ok(id)
    }

    async fn retire(
        &self,
        purpose: KeyPurpose,
        replaced_by: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<KeyId>> {
        self.check_rotates(purpose)?;
        let mut keyed = self.begin_reading(RETIRE).await?;
        let mut needless = keys::replaced(&mut keyed.transaction, purpose, replaced_by).await?;
        if purpose == KeyPurpose::Data {
            // This state of the file and all later ones have a newer key, so that no further value
            // is sealed under the old ones. A key that seals no value now never will again.
            let owner = self.owner();
            let mut unused = Vec::new();
            for id in needless {
                if !reseal::seals_any(&mut keyed.transaction, owner, id).await? {
                    unused.push(id);
                }
            }
            needless = unused;
        }
        drop(keyed);
        let mut retired = Vec::new();
        if needless.is_empty() {
            return Ok(retired);
        }
        let mut transaction = self.begin_writing(RETIRE).await?.transaction;
        for id in needless {
            if keys::retire(&mut transaction, id, now).await? {
                retired.push(id);
            }
        }
        transaction.commit().await?;
        Ok(retired)
    }

    async fn sealed_values(&self) -> Result<SealedValues> {
        let mut keyed = self.begin_reading(COUNT).await?;
        reseal::count(&mut keyed.transaction, &keyed.keyring).await
    }

    async fn reseal(
        &self,
        after: Option<ResealCursor>,
        limit: NonZeroU32,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<ResealStep> {
        // Reads and unseals without the file's write lock.
        let mut keyed = self.begin_reading(READ_STALE).await?;
        let batch =
            reseal::read_batch(&mut keyed.transaction, &keyed.keyring, after, limit).await?;
        drop(keyed);
        let mut values = 0;
        if !batch.opened.is_empty() {
            let mut keyed = self.begin_writing(RESEAL).await?;
            for value in &batch.opened {
                values += value.seal(&mut keyed, rng).await?;
            }
            keyed.transaction.commit().await?;
        }
        Ok(ResealStep {
            values,
            unreadable: batch.unreadable,
            next: batch.next,
        })
    }

    async fn rewrap(&self, master: &MasterKey, rng: &mut (dyn CryptoRng + Send)) -> Result<()> {
        let KeyedTransaction {
            mut transaction,
            keyring,
        } = self.begin_writing(REWRAP).await?;
        let wrapped = keys::all(&mut transaction).await?;
        let stored = keyring.rewrap(&wrapped, master, rng)?;
        keys::replace_wrapped(&mut transaction, &stored).await?;
        transaction.commit().await
    }
}

impl OpenFile {
    fn check_rotates(&self, purpose: KeyPurpose) -> Result<()> {
        if purpose.rotates() && self.owner().purposes().contains(&purpose) {
            return Ok(());
        }
        Err(KeyError::NotRotated(purpose).into())
    }
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFile").finish_non_exhaustive()
    }
}
