//! A queue in which the members of each level of a tree take turns.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ItemId(u64);

/// A queue of items, each with a path of keys.
#[derive(Debug)]
pub(super) struct RoundRobin<K, T> {
    root: ShareNode<K, T>,
    next_id: u64,
}

#[derive(Debug)]
struct ShareNode<K, T> {
    /// The items whose path ends here. They come before those of the children.
    items: VecDeque<(ItemId, T)>,
    children: HashMap<K, Self>,
    /// The keys of the children, the next in turn first.
    turns: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, T> RoundRobin<K, T> {
    pub(super) fn new() -> Self {
        Self {
            root: ShareNode::new(),
            next_id: 0,
        }
    }

    /// Adds an item behind those of the same path.
    pub(super) fn push(&mut self, path: &[K], item: T) -> ItemId {
        let id = ItemId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let mut node = &mut self.root;
        for key in path {
            if !node.children.contains_key(key) {
                node.turns.push_back(key.clone());
            }
            node = node
                .children
                .entry(key.clone())
                .or_insert_with(ShareNode::new);
        }
        node.items.push_back((id, item));
        id
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        self.root.pop()
    }

    /// Removes an item out of turn, if it is still in the queue.
    pub(super) fn remove(&mut self, path: &[K], id: ItemId) -> Option<T> {
        self.root.remove(path, id)
    }
}

impl<K: Clone + Eq + Hash, T> ShareNode<K, T> {
    fn new() -> Self {
        Self {
            items: VecDeque::new(),
            children: HashMap::new(),
            turns: VecDeque::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.children.is_empty()
    }

    fn pop(&mut self) -> Option<T> {
        if let Some((_, item)) = self.items.pop_front() {
            return Some(item);
        }
        let key = self.turns.pop_front()?;
        let child = self.children.get_mut(&key)?;
        let item = child.pop();
        if child.is_empty() {
            self.children.remove(&key);
        } else {
            self.turns.push_back(key);
        }
        item
    }

    fn remove(&mut self, path: &[K], id: ItemId) -> Option<T> {
        let Some((key, rest)) = path.split_first() else {
            let index = self.items.iter().position(|(other, _)| *other == id)?;
            return self.items.remove(index).map(|(_, item)| item);
        };
        let child = self.children.get_mut(key)?;
        let item = child.remove(rest, id)?;
        if child.is_empty() {
            self.children.remove(key);
            self.turns.retain(|turn| turn != key);
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_of_turn_leaves_the_turns_of_the_others_as_they_are() {
        let mut queue = RoundRobin::new();
        let ids = [
            queue.push(&["a", "x"], 0),
            queue.push(&["a", "y"], 1),
            queue.push(&["b", "x"], 2),
            queue.push(&["c", "x"], 3),
        ];
        assert_eq!(queue.remove(&["b", "x"], ids[2]), Some(2));
        assert_eq!(queue.remove(&["b", "x"], ids[2]), None);
        assert_eq!(queue.remove(&["a", "y"], ids[0]), None, "another path");
        queue.push(&["b", "x"], 4);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [0, 3, 4, 1]);
    }

    #[test]
    fn an_empty_queue_takes_no_memory() {
        let mut queue = RoundRobin::new();
        for number in 0..100 {
            let id = queue.push(&[number, 0], ());
            if number % 2 == 0 {
                queue.remove(&[number, 0], id);
            } else {
                queue.pop();
            }
        }
        assert!(queue.root.is_empty() && queue.root.turns.is_empty());
    }
}
