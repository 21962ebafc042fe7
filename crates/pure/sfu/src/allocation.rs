//! The share of a viewer's bandwidth for each of its pictures.
//!
//! 1. Sound comes first: its bits are taken off before.
//! 2. Pictures follow by priority: screens, then the active speaker, then the others, the larger ones first.
//! 3. Every picture gets its smallest layer, in this order, before any gets a larger one: the smallest layer
//!    pauses last.
//! 4. Then each picture in this order gets the largest layer that fits, up to the one that suits its height.
//! 5. A picture that has just been switched keeps its layer, and its bits are taken off before.

use core::cmp::Reverse;

use crate::source::{Layer, PerLayer};

/// The priority of a picture: the first is served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A screen.
    Screen,
    /// The camera of the active speaker.
    Speaker,
    /// Another camera, by the height in which it is asked for.
    Height(Reverse<u16>),
}

/// A picture that a viewer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The priority.
    pub priority: Priority,
    /// The bits a second of each layer that the sender can send.
    pub rates: PerLayer<Option<u64>>,
    /// The layer that suits the height.
    pub wanted: Layer,
    /// The layer that has just been switched to, which stays.
    pub fixed: Option<Layer>,
}

impl Picture {
    /// Returns the layers that may be allocated, the smallest first. There is one at least, if the sender has
    /// any.
    pub fn layers(&self) -> impl Iterator<Item = (Layer, u64)> + '_ {
        let all = Layer::ALL.into_iter();
        let sent = all.filter_map(|layer| Some((layer, (*self.rates.of(layer))?)));
        let wanted = self.wanted;
        sent.enumerate()
            .filter(move |(place, (layer, _))| *place == 0 || *layer <= wanted)
            .map(|(_, layer)| layer)
    }

    /// Returns the next larger layer than this one, with the bits that it needs more.
    #[must_use]
    pub fn next_layer(&self, current: Option<Layer>) -> Option<(Layer, u64)> {
        let mut larger = self.layers().filter(|(layer, _)| Some(*layer) > current);
        let (layer, rate) = larger.next()?;
        Some((layer, rate.saturating_sub(self.rate(current))))
    }

    /// Returns the bits a second of a layer of the picture; 0 without one.
    #[must_use]
    pub fn rate(&self, layer: Option<Layer>) -> u64 {
        layer
            .and_then(|layer| *self.rates.of(layer))
            .unwrap_or_default()
    }
}

/// The layers of a viewer's pictures, with buffers that are used again.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    /// The order of the pictures by priority.
    order: Vec<usize>,
    layers: Vec<Option<Layer>>,
}

impl Allocation {
    /// Allocates a layer to each picture, with a budget of bits a second of which `audio` are for sound.
    pub fn allocate(&mut self, budget: u64, audio: u64, pictures: &[Picture]) -> &[Option<Layer>] {
        self.allocate_above(budget, budget, audio, pictures)
    }

    /// Allocates likewise; the smallest layers may use up to `floor`.
    pub fn allocate_above(
        &mut self,
        floor: u64,
        budget: u64,
        audio: u64,
        pictures: &[Picture],
    ) -> &[Option<Layer>] {
        // The smallest layers are allocated with the larger one of both, and leave less of the budget.
        let surplus = floor.saturating_sub(budget);
        let mut rest = floor.max(budget).saturating_sub(audio);
        self.layers.clear();
        for picture in pictures {
            self.layers.push(picture.fixed);
            rest = rest.saturating_sub(picture.rate(picture.fixed));
        }
        self.order.clear();
        self.order.extend(0..pictures.len());
        self.order.sort_by_key(|place| {
            pictures
                .get(*place)
                .map(|picture| (picture.priority, *place))
        });
        for is_first in [true, false] {
            if !is_first {
                rest = rest.saturating_sub(surplus);
            }
            for place in &self.order {
                let (Some(picture), Some(layer)) =
                    (pictures.get(*place), self.layers.get_mut(*place))
                else {
                    continue;
                };
                if picture.fixed.is_some() {
                    continue;
                }
                while is_first == layer.is_none() {
                    match picture.next_layer(*layer) {
                        Some((next, more)) if more <= rest => {
                            rest -= more;
                            *layer = Some(next);
                        }
                        _ => break,
                    }
                }
            }
        }
        &self.layers
    }

    /// Returns the pictures in the order of their priority, by their places.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Returns the layers of the last allocation.
    #[must_use]
    pub fn layers(&self) -> &[Option<Layer>] {
        &self.layers
    }
}
