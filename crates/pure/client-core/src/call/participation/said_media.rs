//! The words of the device about its media, to be said again.

use anteroom_protocol::media::{PerSource, SlotWish, ViewRequest};

/// The maximum number of connections whose slots are known by their names: those of two hours of attempts.
const CONNECTIONS: usize = 128;

/// The sources that the device sends, and its view.
#[derive(Debug, Default)]
pub(super) struct SaidMedia {
    pub(super) sources: PerSource<bool>,
    view: Option<SaidView>,
    /// The present connection.
    session: Option<u64>,
    /// The names of the slots of the present connection, and behind them those of former ones. The application learns
    /// those of a connection that works, which may be many before the present one.
    connections: Vec<Vec<String>>,
}

/// A view, with the numbers of the slots that have some in place of their names.
#[derive(Debug)]
struct SaidView {
    view: ViewRequest,
    /// For each wish the number of its slot.
    numbers: Vec<Option<usize>>,
}

impl SaidMedia {
    /// Takes an offer. Returns the view that has to be said again, since the slots of another connection have other
    /// names.
    pub(super) fn offer(&mut self, session: u64, slots: Vec<String>) -> Option<ViewRequest> {
        if self.session.replace(session) == Some(session) {
            return None;
        }
        self.connections.insert(0, slots);
        self.connections.truncate(CONNECTIONS);
        self.named_view()
    }

    /// Takes a view. Returns it with the names of the slots of the present connection: the application learns those
    /// when it works.
    pub(super) fn view(&mut self, view: ViewRequest) -> ViewRequest {
        let numbers = view.slots.iter().map(|wish| self.number(wish)).collect();
        self.view = Some(SaidView {
            view: view.clone(),
            numbers,
        });
        self.named_view().unwrap_or(view)
    }

    /// Forgets whom the device wants to see: their numbers are of another seat.
    pub(super) fn forget_view(&mut self) {
        self.view = None;
    }

    /// Returns the number of the slot of a wish, by the newest connection that has its name.
    fn number(&self, wish: &SlotWish) -> Option<usize> {
        let mut connections = self.connections.iter();
        connections.find_map(|slots| slots.iter().position(|name| *name == wish.mid))
    }

    /// Returns the view with the names of the present connection.
    fn named_view(&self) -> Option<ViewRequest> {
        let SaidView { view, numbers } = self.view.as_ref()?;
        let mut view = view.clone();
        for (wish, number) in view.slots.iter_mut().zip(numbers) {
            let slots = self.connections.first();
            let name = number.and_then(|number| slots?.get(number));
            if let Some(name) = name {
                wish.mid.clone_from(name);
            }
        }
        Some(view)
    }
}
