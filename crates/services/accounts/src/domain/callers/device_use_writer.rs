//! The writes of device uses and of session extensions. They run beside the requests: no
//! answer waits for them.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::spawn_task;
use anteroom_store::{Device, DeviceId, DeviceUse, SessionId, TransactionName};
use tokio::{sync::watch, time::timeout};

use crate::domain::storage::Storage;

/// The maximum time of a write. The next request of the device tries again.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of writes at the same time. A further use is dropped; the next request
/// of the device brings another.
const MOST_WRITES: usize = 64;

type DeviceKey = (Aci, DeviceId);
type Writes = Arc<watch::Sender<HashSet<DeviceKey>>>;

/// The new end of a session.
pub(crate) struct SessionExtension {
    pub(crate) session: SessionId,
    pub(crate) end: Timestamp,
}

/// Writes the uses of devices and the extensions of sessions. Contains the devices whose rows are
/// being written.
#[derive(Default)]
pub(crate) struct DeviceUseWriter(Writes);

impl DeviceUseWriter {
    /// Starts to write a use, if it is due, and the extension of the device's session.
    pub(crate) fn note(
        &self,
        storage: &Storage,
        aci: &Aci,
        device: &Device,
        device_use: DeviceUse,
        extension: Option<SessionExtension>,
    ) {
        let device_use = device_use.is_news_for(device).then_some(device_use);
        if device_use.is_none() && extension.is_none() {
            return;
        }
        if let Some(write) = Write::begin(&self.0, (*aci, device.id)) {
            let storage = storage.clone();
            spawn_task("device-use", write.run(storage, device_use, extension));
        }
    }

    /// Waits until no write is running.
    pub(crate) async fn written(&self) {
        // `self` holds the sender, so that this cannot fail.
        let _ = self.0.subscribe().wait_for(HashSet::is_empty).await;
    }
}

/// A guard for a running write.
struct Write {
    writes: Writes,
    key: DeviceKey,
}

impl Write {
    /// Starts a write; `None` while one of the same device is running, or too many are.
    fn begin(writes: &Writes, key: DeviceKey) -> Option<Self> {
        let begins =
            writes.send_if_modified(|devices| devices.len() < MOST_WRITES && devices.insert(key));
        begins.then(|| Self {
            writes: Arc::clone(writes),
            key,
        })
    }

    /// Runs the write. It ends with this future.
    async fn run(
        self,
        storage: Storage,
        device_use: Option<DeviceUse>,
        extension: Option<SessionExtension>,
    ) {
        const NAME: TransactionName = TransactionName::new("note use");
        let (aci, device) = &self.key;
        let stored = async {
            let mut rng = storage.entropy.rng();
            let mut transaction = storage.database.begin(NAME).await?;
            if let Some(device_use) = &device_use {
                transaction
                    .touch_device(aci, *device, device_use, &mut *rng)
                    .await?;
            }
            if let Some(SessionExtension { session, end }) = &extension {
                transaction.extend_session(session, *end).await?;
            }
            transaction.save().await
        };
        if !matches!(timeout(WRITE_TIMEOUT, stored).await, Ok(Ok(()))) {
            // The store logs each episode of failures once.
            tracing::debug!("the last use of a device or a session was not written");
        }
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        self.writes.send_modify(|devices| {
            devices.remove(&self.key);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_device_is_written_once_at_a_time_and_writes_are_bounded() {
        let writes = Writes::default();
        let key = |byte| (Aci::from_bytes([byte; 16]), DeviceId::PRIMARY);
        let first = Write::begin(&writes, key(0)).unwrap();
        assert!(Write::begin(&writes, key(0)).is_none());
        let mut others: Vec<_> = (1..64)
            .filter_map(|n| Write::begin(&writes, key(n)))
            .collect();
        assert_eq!(others.len(), 63);
        assert!(Write::begin(&writes, key(64)).is_none(), "one too many");
        others.clear();
        assert!(Write::begin(&writes, key(64)).is_some());
        drop(first);
        assert!(writes.borrow().is_empty());
    }
}
