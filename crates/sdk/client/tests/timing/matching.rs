//! An observer of both services, who matches accounts to rooms by time alone.
//!
//! The observer knows the exact second of every request at both services, which is more than their events and
//! logs contain. Each pair of an account and a room has a cost; the match is the assignment of accounts to
//! rooms with the least sum of costs (the algorithm of Kuhn and Munkres), so no other guess by these costs is
//! better.

/// The times at which one account or one room was seen, in seconds.
pub(crate) type Times = Vec<u64>;

/// The cost of a pair, from the times of the account and the times of the room.
pub(crate) type Cost = fn(&Times, &Times) -> i64;

/// Returns the number of right pairs in the best assignment. `accounts[i]` and `rooms[i]` belong together;
/// `order` is the order in which the observer lists the rooms, which decides between equal costs.
pub(crate) fn right_pairs(
    accounts: &[Times],
    rooms: &[Times],
    order: &[usize],
    cost: Cost,
) -> usize {
    let costs: Vec<Vec<i64>> = accounts
        .iter()
        .map(|account| {
            let rooms = order.iter().map(|&room| &rooms[room]);
            rooms.map(|room| cost(account, room)).collect()
        })
        .collect();
    let assignment = least_assignment(&costs);
    let pairs = assignment.iter().enumerate();
    pairs
        .filter(|(account, column)| order[**column] == *account)
        .count()
}

/// Returns the sum, over the events of the room, of the seconds to the nearest request of the account.
pub(crate) fn nearest_times(account: &Times, room: &Times) -> i64 {
    let nearest = |seen: &u64| account.iter().map(|asked| asked.abs_diff(*seen)).min();
    let sum: u64 = room.iter().filter_map(nearest).sum();
    i64::try_from(sum).unwrap()
}

/// Returns 0 if the first request of the account can be a renewal postponed by the first event of the room,
/// which takes place 30 minutes to 5.5 hours later; else 1.
pub(crate) fn after_first_visit(account: &Times, room: &Times) -> i64 {
    let wait = account[0].checked_sub(room[0]);
    let is_possible = wait.is_some_and(|wait| (1_800..1_800 + 5 * 3_600).contains(&wait));
    i64::from(!is_possible)
}

/// Returns the column of each row in an assignment of rows to columns with the least sum.
fn least_assignment(costs: &[Vec<i64>]) -> Vec<usize> {
    let n = costs.len();
    // The potentials of rows and columns, and the row of each column; index 0 stands for none.
    let (mut row_potential, mut column_potential) = (vec![0; n + 1], vec![0; n + 1]);
    let (mut row_of, mut previous) = (vec![0; n + 1], vec![0; n + 1]);
    for row in 1..=n {
        row_of[0] = row;
        let (mut slack, mut is_used) = (vec![i64::MAX; n + 1], vec![false; n + 1]);
        let mut column = 0;
        while row_of[column] != 0 {
            is_used[column] = true;
            let here = row_of[column];
            let (mut least, mut next) = (i64::MAX, 0);
            for other in (1..=n).filter(|other| !is_used[*other]) {
                let rest =
                    costs[here - 1][other - 1] - row_potential[here] - column_potential[other];
                if rest < slack[other] {
                    (slack[other], previous[other]) = (rest, column);
                }
                if slack[other] < least {
                    (least, next) = (slack[other], other);
                }
            }
            for other in 0..=n {
                if is_used[other] {
                    row_potential[row_of[other]] += least;
                    column_potential[other] -= least;
                } else if slack[other] != i64::MAX {
                    slack[other] -= least;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[previous[column]];
            column = previous[column];
        }
    }
    let mut assignment = vec![0; n];
    for column in 1..=n {
        assignment[row_of[column] - 1] = column - 1;
    }
    assignment
}

#[test]
fn the_assignment_has_the_least_sum() {
    for (costs, expected) in [
        (vec![vec![1, 2], vec![2, 1]], vec![0, 1]),
        (vec![vec![1, 2], vec![1, 9]], vec![1, 0]),
        (
            vec![vec![4, 1, 3], vec![2, 0, 5], vec![3, 2, 2]],
            vec![1, 0, 2],
        ),
    ] {
        assert_eq!(least_assignment(&costs), expected);
    }
}

#[test]
fn the_observer_finds_what_stands_close_together() {
    let accounts = [vec![100, 900], vec![500], vec![300]];
    let rooms = [vec![101], vec![502, 499], vec![299]];
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        assert_eq!(right_pairs(&accounts, &rooms, &order, nearest_times), 3);
    }
}
