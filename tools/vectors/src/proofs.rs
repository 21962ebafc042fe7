//! Proofs of linear relations over named points and scalars.

use std::collections::BTreeMap;

use anteroom_sigma::{Point, Statement};
use curve25519_dalek::Scalar;
use serde::Deserialize;

use super::check::{Check, Hex, HexArray, Mismatch};

const BASEPOINT: &str = "G";

/// A statement, its witness, and the proof made from given randomness.
#[derive(Deserialize)]
pub(super) struct Entry {
    statement: Vec<Equation>,
    scalars: BTreeMap<String, HexArray<32>>,
    points: BTreeMap<String, HexArray<32>>,
    randomness: HexArray<32>,
    message: Hex,
    description_bytes: Hex,
    proof: Hex,
}

/// `lhs = scalar*point + ...`
#[derive(Deserialize)]
struct Equation {
    lhs: String,
    rhs: Vec<(String, String)>,
}

pub(super) fn check(entry: &Entry, check: &mut Check) -> Result<(), Mismatch> {
    let equations: Vec<String> = entry.statement.iter().map(Equation::written).collect();
    let equations: Vec<&str> = equations.iter().map(String::as_str).collect();
    let statement = Statement::parse(&equations)
        .ok_or_else(|| Mismatch::new("statement", "malformed or too large"))?;
    check.bytes(
        "description_bytes",
        statement.description(),
        &entry.description_bytes,
    )?;

    let names = Names::of(&entry.statement);
    let witness = values(&names.scalars, &entry.scalars, |bytes| {
        Option::from(Scalar::from_canonical_bytes(bytes))
    })?;
    let named_points = values(&names.points, &entry.points, |bytes| {
        Point::decode(bytes).ok()
    })?;
    let points = [vec![Point::BASE], named_points].concat();

    let message = &entry.message.0;
    let proof = check.accepted(
        "proof",
        statement.prove(&witness, &points, message, &entry.randomness.randomness()),
    )?;
    check.bytes("proof", &proof, &entry.proof)?;
    check.accepted("proof", statement.verify(&entry.proof.0, &points, message))?;
    refusals(entry, &statement, &points, check)
}

/// Checks that other inputs are refused: another message, one flipped bit, one byte more or less.
fn refusals(
    entry: &Entry,
    statement: &Statement,
    points: &[Point],
    check: &mut Check,
) -> Result<(), Mismatch> {
    let (message, proof) = (&entry.message.0, &entry.proof.0);
    let other_message = [message.as_slice(), &[0]].concat();
    check.refused(
        "message",
        "another message",
        &statement.verify(proof, points, &other_message),
    )?;
    for position in 0..proof.len() {
        let mut flipped = proof.clone();
        if let Some(byte) = flipped.get_mut(position) {
            *byte ^= 1;
        }
        check.refused(
            "proof",
            &format!("a flipped bit in byte {position}"),
            &statement.verify(&flipped, points, message),
        )?;
    }
    let longer = [proof.as_slice(), &[0; 32]].concat();
    check.refused(
        "proof",
        "a scalar too many",
        &statement.verify(&longer, points, message),
    )
}

impl Equation {
    fn written(&self) -> String {
        let terms: Vec<String> = self
            .rhs
            .iter()
            .map(|(scalar, point)| format!("{scalar}*{point}"))
            .collect();
        format!("{} = {}", self.lhs, terms.join(" + "))
    }
}

/// Names in order of first appearance, but for the basepoint's.
struct Names<'e> {
    scalars: Vec<&'e str>,
    points: Vec<&'e str>,
}

impl<'e> Names<'e> {
    fn of(equations: &'e [Equation]) -> Self {
        let mut names = Self {
            scalars: Vec::new(),
            points: Vec::new(),
        };
        for equation in equations {
            note(&mut names.points, &equation.lhs);
            for (scalar, point) in &equation.rhs {
                note(&mut names.scalars, scalar);
                note(&mut names.points, point);
            }
        }
        names
    }
}

fn note<'e>(names: &mut Vec<&'e str>, name: &'e str) {
    if name != BASEPOINT && !names.contains(&name) {
        names.push(name);
    }
}

/// Returns the named values in the order of their names.
fn values<T>(
    names: &[&str],
    given: &BTreeMap<String, HexArray<32>>,
    parse: impl Fn([u8; 32]) -> Option<T>,
) -> Result<Vec<T>, Mismatch> {
    names
        .iter()
        .map(|&name| {
            let value = given
                .get(name)
                .ok_or_else(|| Mismatch::new(name, "has no value"))?;
            parse(value.0).ok_or_else(|| Mismatch::new(name, "not a canonical encoding"))
        })
        .collect()
}
