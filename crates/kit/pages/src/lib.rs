//! Pages for people, of both services: how they look, and an OpenAPI document as a page.
//!
//! No page runs a script, sets a cookie or loads anything from another host. References are relative:
//! a proxy may show the services under another path. Therefore a style sheet is served beside each
//! page that names it.

mod api;
mod card;
mod fixed;
mod not_found;
mod program;
mod web_address;

pub use self::{
    api::api_page,
    card::{CARD_STYLE_NAME, card, card_style},
    fixed::fixed_page,
    not_found::not_found_page,
    program::program_source,
    web_address::WebAddress,
};
