//! `anteroom-bench-media-counting`: the server under test with an allocator that counts. Its CPU time is not
//! measured.
#![forbid(unsafe_code)]

use std::alloc::System;

use anteroom_bench_media::{dialogue::answer_all, server::ServerUnderTest};
use anyhow::Result;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> Result<()> {
    let mut server = ServerUnderTest::start(Some(|| {
        let stats = ALLOCATOR.stats();
        stats.allocations as u64 + stats.reallocations as u64
    }))?;
    answer_all(|request| server.answer(request))
}
