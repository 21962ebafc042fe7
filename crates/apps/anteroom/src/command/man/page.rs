//! A man page, in the order of man-pages(7). `clap_mangen` makes its names, texts and options; the
//! title with its footer, the synopsis and the exit status are made here.

use std::io::{self, Write};

use anteroom_console::exit_status::ExitStatus;
use clap::{Arg, ArgAction, Command};
use clap_mangen::{
    Man,
    roff::{Inline, Roff, bold, italic, roman},
};

/// Words are neither cut nor spaced out: many are names of files, flags and variables.
const LAYOUT: &str = ".nh\n.ad l\n";

/// Keeps an option and its value in one line.
const NO_BREAK: &str = "\u{a0}";

/// The name of a command's page, such as `anteroom-call-join`.
pub(super) fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// The page of a command. `parent` is the name of the page above it.
pub(super) fn of(command: &Command, parent: Option<&str>) -> io::Result<String> {
    let man = Man::new(command.clone().subcommand_help_heading("COMMANDS"));
    let mut page = Roff::new().render();
    // An empty date would be lost by the library, and the version take its place.
    page.push_str(&format!(
        ".TH {} 1 \"\" \"Anteroom {}\" \"Anteroom Manual\"\n{LAYOUT}",
        name(command).to_uppercase(),
        env!("CARGO_PKG_VERSION"),
    ));
    page.push_str(&section(|out| man.render_name_section(out))?);
    page.push_str(&text(&synopsis(command)));
    page.push_str(&section(|out| man.render_description_section(out))?);
    let options = section(|out| man.render_options_section(out))?;
    page.push_str(&without_brackets(&options));
    if command.has_subcommands() {
        page.push_str(&section(|out| man.render_subcommands_section(out))?);
    }
    page.push_str(&text(&exit_status()));
    if let Some(parent) = parent {
        let mut see = heading("SEE ALSO");
        see.text([bold(parent), roman("(1)")]);
        page.push_str(&text(&see));
    }
    Ok(page)
}

/// A section of the library, without the definition that stands at the top of the page.
fn section(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<String> {
    let mut bytes = Vec::new();
    render(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    Ok(without_definition(&text))
}

fn text(section: &Roff) -> String {
    without_definition(&section.render()).replace(NO_BREAK, "\\ ")
}

fn without_definition(text: &str) -> String {
    let definition = Roff::new().render();
    text.strip_prefix(&definition).unwrap_or(text).to_owned()
}

/// Values as the synopsis has them: their font tells them from what is typed as it stands.
fn without_brackets(options: &str) -> String {
    [("<\\fI", "\\fI"), ("[\\fI", "\\fI"), ("\\fI<", "\\fI")]
        .into_iter()
        .chain([("\\fR>", "\\fR"), ("\\fR]", "\\fR"), (">\\fR", "\\fR")])
        .fold(options.to_owned(), |text, (marked, plain)| {
            text.replace(marked, plain)
        })
}

fn heading(title: &str) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [title]);
    section
}

fn exit_status() -> Roff {
    let mut section = heading("EXIT STATUS");
    for status in ExitStatus::ALL {
        section.control("TP", []);
        section.text([bold(status.number().to_string())]);
        section.text([roman(status.meaning())]);
    }
    section
}

fn synopsis(command: &Command) -> Roff {
    let mut section = heading("SYNOPSIS");
    let bin_name = command.get_bin_name().unwrap_or_else(|| name(command));
    let mut line = vec![bold(bin_name)];
    line.extend(arguments(command));
    if command.is_subcommand_required_set() {
        line.extend([roman(" "), italic("COMMAND")]);
    }
    section.text(line);
    if command.has_subcommands() && !command.is_subcommand_required_set() {
        section.control("br", []);
        section.text([bold(bin_name), roman(" "), italic("COMMAND")]);
    }
    section
}

/// The arguments of a command: its own options before those of every command, then what is required,
/// then positions.
fn arguments(command: &Command) -> Vec<Inline> {
    let groups: Vec<Vec<&Arg>> = command
        .get_groups()
        .filter(|group| group.is_required_set())
        .map(|group| {
            let ids: Vec<_> = group.get_args().collect();
            let all = command.get_arguments();
            all.filter(|arg| ids.contains(&arg.get_id())).collect()
        })
        .collect();
    let is_grouped = |arg: &Arg| {
        let mut members = groups.iter().flatten();
        members.any(|member| member.get_id() == arg.get_id())
    };
    let is_help = |arg: &Arg| {
        matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        )
    };
    let (positions, mut options): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !is_help(arg) && !is_grouped(arg))
        .partition(|arg| arg.is_positional());
    options.sort_by_key(|arg| (arg.is_required_set(), arg.is_global_set()));
    let mut line = Vec::new();
    for arg in options {
        line.extend(enclosed(arg));
    }
    for members in groups {
        line.push(roman(" {"));
        for (place, arg) in members.into_iter().enumerate() {
            if place > 0 {
                line.push(roman(" | "));
            }
            line.extend(spelled(arg));
        }
        line.push(roman("}"));
    }
    let usage = command.get_overridden_usage().map(ToString::to_string);
    match usage
        .as_deref()
        .and_then(|usage| usage.split_once("[OPTIONS]"))
    {
        Some((_, positions)) => line.push(italic(positions.replace(['<', '>'], ""))),
        None => line.extend(positions.into_iter().flat_map(enclosed)),
    }
    line
}

/// An argument after a space, in brackets if it may be left out.
fn enclosed(arg: &Arg) -> Vec<Inline> {
    let (open, close) = if arg.is_required_set() {
        (" ", "")
    } else {
        (" [", "]")
    };
    let mut parts = vec![roman(open)];
    parts.extend(spelled(arg));
    parts.push(roman(close));
    if matches!(arg.get_action(), ArgAction::Append) {
        parts.push(roman("..."));
    }
    parts
}

/// An argument as it is typed.
fn spelled(arg: &Arg) -> Vec<Inline> {
    let mut parts = Vec::new();
    if let Some(long) = arg.get_long() {
        parts.push(bold(format!("--{long}")));
    }
    if arg.get_action().takes_values() {
        if !parts.is_empty() {
            parts.push(roman(NO_BREAK));
        }
        let names = arg.get_value_names().unwrap_or_default();
        parts.push(italic(names.join(" ")));
    }
    parts
}
