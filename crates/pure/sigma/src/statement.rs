//! Statements: the linear relations that a proof shows (section 2).
//!
//! A statement is written as its equations in the specification and parsed at compile time: numbering and
//! description are constants.
//!
//! ```
//! use anteroom_sigma::Statement;
//!
//! static OPENING: Statement = Statement::new(&[
//!     "A = a*G + b*H",
//!     "B = a*H",
//! ]);
//! assert_eq!(OPENING.description(), [2, 1, 2, 0, 0, 1, 2, 3, 1, 0, 2]);
//! ```

/// The maximum number of equations.
const EQUATIONS: usize = 12;
/// The maximum number of terms of all equations together.
const TERMS: usize = 64;
/// The maximum number of different names of one kind.
const NAMES: usize = 40;
/// The maximum length of a description in bytes: one, and two for each equation and each term.
const DESCRIPTION: usize = 1 + 2 * EQUATIONS + 2 * TERMS;

/// The name of point number 0.
const BASEPOINT: &[u8] = b"G";

/// A list of equations `P = s1*Q1 + s2*Q2 + ...` over numbered scalars and points.
///
/// Numbers are assigned in order of first appearance: in each equation the left point first, then the terms,
/// in each term the scalar before the point. Point 0 is the basepoint, named `G`.
#[derive(Clone, Debug)]
pub struct Statement {
    equations: [Equation; EQUATIONS],
    equation_count: usize,
    terms: [Term; TERMS],
    term_count: usize,
    scalar_count: usize,
    point_count: usize,
    description: [u8; DESCRIPTION],
    description_length: usize,
}

/// The left point's number and the range of its terms.
#[derive(Clone, Copy, Debug)]
struct Equation {
    left: u8,
    first: usize,
    end: usize,
}

/// A product on the right side of an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) scalar: u8,
    pub(crate) point: u8,
}

impl Statement {
    /// Parses equations such as `"V = w*G_w + x0*U"`.
    ///
    /// A name is any run of characters without a space or `*`.
    ///
    /// # Panics
    /// An equation is malformed or the statement too large. The function is evaluated at compile time, where
    /// a panic is a compiler error. See [`Statement::parse`] for input.
    #[must_use]
    #[expect(
        clippy::panic,
        reason = "a constant that does not parse must not compile"
    )]
    pub const fn new(equations: &[&str]) -> Self {
        match Self::parse(equations) {
            Some(statement) => statement,
            None => panic!("malformed or oversized statement"),
        }
    }

    /// Parses equations; `None` if one is malformed or the statement too large.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "every index is held under its capacity; constant evaluation knows no iterators"
    )]
    pub const fn parse(equations: &[&str]) -> Option<Self> {
        if equations.is_empty() || equations.len() > EQUATIONS {
            return None;
        }
        let mut statement = Self {
            equations: [Equation {
                left: 0,
                first: 0,
                end: 0,
            }; EQUATIONS],
            equation_count: equations.len(),
            terms: [Term {
                scalar: 0,
                point: 0,
            }; TERMS],
            term_count: 0,
            scalar_count: 0,
            point_count: 0,
            description: [0; DESCRIPTION],
            description_length: 0,
        };
        let mut scalars = Names::new();
        let mut points = Names::new();
        let _ = points.number(BASEPOINT);

        let mut index = 0;
        while index < equations.len() {
            let Some((left, mut rest)) = word(equations[index].as_bytes()) else {
                return None;
            };
            let Some(left) = points.number(left) else {
                return None;
            };
            let first = statement.term_count;
            let mut sign: &[u8] = b"=";
            loop {
                match word(rest) {
                    Some((found, after)) if equal(found, sign) => rest = after,
                    None if statement.term_count > first => break,
                    _ => return None,
                }
                let Some((product, after)) = word(rest) else {
                    return None;
                };
                let Some((scalar, point)) = factors(product) else {
                    return None;
                };
                let (Some(scalar), Some(point)) = (scalars.number(scalar), points.number(point))
                else {
                    return None;
                };
                if statement.term_count == TERMS {
                    return None;
                }
                statement.terms[statement.term_count] = Term { scalar, point };
                statement.term_count += 1;
                rest = after;
                sign = b"+";
            }
            statement.equations[index] = Equation {
                left,
                first,
                end: statement.term_count,
            };
            index += 1;
        }

        statement.scalar_count = scalars.count;
        statement.point_count = points.count;
        statement.describe();
        Some(statement)
    }

    /// Returns the description `D`, which is hashed into every challenge.
    #[must_use]
    pub fn description(&self) -> &[u8] {
        self.description
            .get(..self.description_length)
            .unwrap_or_default()
    }

    /// Returns the number of scalars of a witness.
    #[must_use]
    pub const fn scalar_count(&self) -> usize {
        self.scalar_count
    }

    /// Returns the number of points, the basepoint included.
    #[must_use]
    pub const fn point_count(&self) -> usize {
        self.point_count
    }

    /// Returns the length of a proof in bytes: the challenge and a response for each scalar.
    #[must_use]
    pub const fn proof_length(&self) -> usize {
        32 * (1 + self.scalar_count)
    }

    /// Returns the equations in order: left point and terms.
    pub(crate) fn equations(&self) -> impl ExactSizeIterator<Item = (u8, &[Term])> {
        let equations = self
            .equations
            .get(..self.equation_count)
            .unwrap_or_default();
        equations.iter().map(|equation| {
            let terms = self.terms.get(equation.first..equation.end);
            (equation.left, terms.unwrap_or_default())
        })
    }

    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "the capacity holds the largest description, and all counts fit a byte"
    )]
    const fn describe(&mut self) {
        self.push(self.equation_count as u8);
        let mut index = 0;
        while index < self.equation_count {
            let Equation { left, first, end } = self.equations[index];
            self.push(left);
            self.push((end - first) as u8);
            let mut term = first;
            while term < end {
                self.push(self.terms[term].scalar);
                self.push(self.terms[term].point);
                term += 1;
            }
            index += 1;
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the capacity holds the largest description"
    )]
    const fn push(&mut self, byte: u8) {
        self.description[self.description_length] = byte;
        self.description_length += 1;
    }
}

/// Names in order of first appearance.
struct Names<'n> {
    seen: [&'n [u8]; NAMES],
    count: usize,
}

impl<'n> Names<'n> {
    const fn new() -> Self {
        Self {
            seen: [&[]; NAMES],
            count: 0,
        }
    }

    /// Returns the number of a name, a new one for a new name; `None` if there are too many.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "the count never passes the capacity, which fits a byte"
    )]
    const fn number(&mut self, name: &'n [u8]) -> Option<u8> {
        let mut index = 0;
        while index < self.count {
            if equal(self.seen[index], name) {
                return Some(index as u8);
            }
            index += 1;
        }
        if name.is_empty() || self.count == NAMES {
            return None;
        }
        self.seen[self.count] = name;
        self.count += 1;
        Some(index as u8)
    }
}

/// Returns the first word of a text and the rest.
const fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    if text.is_empty() {
        return None;
    }
    match position(text, b' ') {
        Some(end) => Some(text.split_at(end)),
        None => Some((text, &[])),
    }
}

/// Returns the two factors of a product `scalar*point`.
const fn factors(product: &[u8]) -> Option<(&[u8], &[u8])> {
    match position(product, b'*') {
        Some(star) => {
            let (scalar, rest) = product.split_at(star);
            let (_, point) = rest.split_at(1);
            if position(point, b'*').is_some() {
                return None;
            }
            Some((scalar, point))
        }
        None => None,
    }
}

#[expect(clippy::indexing_slicing, reason = "the loop holds the index")]
const fn position(text: &[u8], byte: u8) -> Option<usize> {
    let mut index = 0;
    while index < text.len() {
        if text[index] == byte {
            return Some(index);
        }
        index += 1;
    }
    None
}

#[expect(clippy::indexing_slicing, reason = "the loop holds the index")]
const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_order_of_first_appearance() {
        let statement = Statement::new(&["A = a*G + b*H + c*I", "B   = c*H + d*I"]);
        assert_eq!(
            statement.description(),
            [2, 1, 3, 0, 0, 1, 2, 2, 3, 4, 2, 2, 2, 3, 3]
        );
        assert_eq!((statement.scalar_count(), statement.point_count()), (4, 5));
        assert_eq!(statement.proof_length(), 160);
    }

    #[test]
    fn malformed_equations_do_not_parse() {
        for equations in [
            &[][..],
            &[""],
            &["A"],
            &["A ="],
            &["A = "],
            &["A = a"],
            &["A = a*"],
            &["A = *B"],
            &["A = a*B +"],
            &["A = a*B b*C"],
            &["A = a*B*C"],
            &["A + a*B"],
            &["= a*B"],
        ] {
            assert!(Statement::parse(equations).is_none(), "{equations:?}");
        }
    }

    #[test]
    fn oversized_statements_do_not_parse() {
        assert!(Statement::parse(&["A = a*B"; EQUATIONS]).is_some());
        assert!(Statement::parse(&["A = a*B"; EQUATIONS + 1]).is_none());
        let term = |count| format!("A = {}", vec!["a*B"; count].join(" + "));
        assert!(Statement::parse(&[&term(TERMS)]).is_some());
        assert!(Statement::parse(&[&term(TERMS + 1)]).is_none());
        let names = |count| {
            let terms: Vec<_> = (0..count).map(|i| format!("a*B{i}")).collect();
            format!("A = {}", terms.join(" + "))
        };
        assert!(Statement::parse(&[&names(NAMES - 2)]).is_some());
        assert!(Statement::parse(&[&names(NAMES - 1)]).is_none());
    }
}
