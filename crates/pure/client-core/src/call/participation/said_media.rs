//! The words of the device about its media, to be said again.

use anteroom_protocol::media::{PerSource, ViewRequest};

/// The sources that the device sends, and its view.
#[derive(Debug, Default)]
pub(super) struct SaidMedia {
    pub(super) sources: PerSource<bool>,
    view: Option<ViewRequest>,
    /// The present connection, with the names of its slots.
    session: Option<u64>,
    slots: Vec<String>,
    /// The names of the slots of the connection before.
    former: Vec<String>,
}

impl SaidMedia {
    /// Takes an offer. Returns the view that has to be said again, since the slots of another connection have other
    /// names.
    pub(super) fn offer(&mut self, session: u64, slots: Vec<String>) -> Option<ViewRequest> {
        if self.session.replace(session) == Some(session) {
            return None;
        }
        self.former = std::mem::replace(&mut self.slots, slots);
        let view = self.view.take()?;
        Some(self.view(view))
    }

    /// Takes a view. Returns it with the names of the slots of the present connection: the application learns those
    /// when it works.
    pub(super) fn view(&mut self, mut view: ViewRequest) -> ViewRequest {
        for wish in &mut view.slots {
            let mut former = self.former.iter();
            let place = former.position(|name| *name == wish.mid);
            if let Some(name) = place.and_then(|place| self.slots.get(place)) {
                wish.mid.clone_from(name);
            }
        }
        self.view = Some(view.clone());
        view
    }

    /// Forgets whom the device wants to see: their numbers are of another seat.
    pub(super) fn forget_view(&mut self) {
        self.view = None;
    }
}
