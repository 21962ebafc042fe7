//! Independent computations over many items.
//!
//! With the feature `parallel` they are spread over rayon's threads, which finishes a batch sooner at a
//! slightly higher total cost; without it, they run one after the other. The results are the same.

/// Applies `work` to each item, and returns the results in the order of the items.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::*;
        items.par_iter().map(&work).collect()
    }
    #[cfg(not(feature = "parallel"))]
    items.iter().map(work).collect()
}

/// Runs both functions, and returns both results.
pub fn both<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    #[cfg(feature = "parallel")]
    {
        rayon::join(first, second)
    }
    #[cfg(not(feature = "parallel"))]
    (first(), second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_what_they_come_from() {
        let numbers: Vec<u32> = (0..10_000).collect();
        let doubled: Vec<u32> = numbers.iter().map(|number| 2 * number).collect();
        assert_eq!(map(&numbers, |number| 2 * number), doubled);
        assert_eq!(both(|| 1, || "two"), (1, "two"));
    }
}
