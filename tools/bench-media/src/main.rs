//! `anteroom-bench-media`: the server under test, or the load. `cargo xtask bench media` starts both.
#![forbid(unsafe_code)]

use anteroom_bench_media::{dialogue::answer_all, load::Load, server::ServerUnderTest};
use anyhow::Result;
use clap::{Parser, ValueEnum};

/// The allocator of the programs that operators use.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The command line.
#[derive(Parser)]
struct Arguments {
    /// Whether this process is the server or the load.
    part: Part,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Server,
    Load,
}

fn main() -> Result<()> {
    match Arguments::parse().part {
        Part::Server => {
            let mut server = ServerUnderTest::start(None)?;
            answer_all(|request| server.answer(request))
        }
        Part::Load => {
            let mut load = Load::start()?;
            answer_all(|request| load.answer(request))
        }
    }
}
