//! The explanation of every error that a command can end with and that no database makes.

use std::error::Error;

use anteroom_client::Error as ClientError;
use anteroom_protocol::LinkError;

use super::{
    Explanation, files,
    problem::of_problem,
    service::{of_issuer, of_rooms},
};
use crate::{failure::Failure, os};

/// Explains an error, without its causes.
pub fn explain(error: &(dyn Error + 'static)) -> Option<Explanation> {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(failure.explanation());
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_issuer(error));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_rooms(error, os::now()));
    }
    if let Some(problem) = error.downcast_ref() {
        return Some(of_problem(problem));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(files::of_io(error));
    }
    if let Some(error) = error.downcast_ref() {
        return of_client(error);
    }
    error.downcast_ref::<LinkError>().map(of_link)
}

/// Explains the errors of the client that are of no service.
fn of_client(error: &ClientError) -> Option<Explanation> {
    match error {
        ClientError::LinkAdmin => Some(Explanation::failed("link_damaged").next(
            "Compare what follows admin= with the link that you were given, or ask an admin for it anew",
        )),
        ClientError::Statements(_) => Some(Explanation::failed("failed").next(
            "Put the key of that file back, or remove the file: then the room service could show \
             older policies of rooms, and admins have to let you in anew",
        )),
        _ => None,
    }
}

fn of_link(error: &LinkError) -> Explanation {
    if *error == LinkError::OtherAddress {
        return Explanation::failed("link_unknown")
            .next("Paste the whole call link in quotes; anteroom link list shows your own");
    }
    Explanation::failed("link_damaged").next(
        "Copy the whole link again; in a shell write it in quotes, since an & ends the command",
    )
}
