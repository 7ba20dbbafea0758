//! Counts the instructions of requests with callgrind. Unlike times, they are nearly the same in each run and on
//! each machine, so they have a bound: `cargo bench --bench instructions` fails if a request takes more.
//!
//! Callgrind counts the whole process, because a part of each request runs on the threads of the blocking pool. The start
//! is counted by a benchmark without requests.
#![expect(missing_docs, reason = "the macros of gungraun make items public")]

#[expect(dead_code, reason = "bench/pieces.rs calls the other function")]
mod in_process;

use gungraun::{
    Callgrind, EntryPoint, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group,
    main,
};
use in_process::InProcess;
use mimalloc::MiMalloc;

/// That of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const ACCOUNTS: usize = 100;
/// Enough to make the start a small part of the whole.
const REQUESTS: u64 = 500;

/// What was measured: `start`, and for each request the difference to `start`, divided by [`REQUESTS`]. After an
/// intended change, write the new figures here.
const START: u64 = 141_800_000;
const ME: u64 = 215_000;
const USERS: u64 = 2_912_000;
const VERIFY_TOKEN: u64 = 251_000;
const REFRESH_TOKEN: u64 = 432_000;

/// Permits a tenth more than was measured.
fn bound(measured: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.entry_point(EntryPoint::None).hard_limits([(EventKind::Ir, measured + measured / 10)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

fn bound_with_requests(measured: u64) -> LibraryBenchmarkConfig {
    bound(START + REQUESTS * measured)
}

fn repeat(request: fn(&mut InProcess)) {
    let mut server = InProcess::start(ACCOUNTS);
    for _ in 0..REQUESTS {
        request(&mut server);
    }
}

#[library_benchmark(config = bound(START))]
fn start() {
    InProcess::start(ACCOUNTS);
}

#[library_benchmark(config = bound_with_requests(ME))]
fn me() {
    repeat(InProcess::me);
}

#[library_benchmark(config = bound_with_requests(USERS))]
fn users() {
    repeat(InProcess::users);
}

#[library_benchmark(config = bound_with_requests(VERIFY_TOKEN))]
fn verify_token() {
    repeat(InProcess::verify_token);
}

#[library_benchmark(config = bound_with_requests(REFRESH_TOKEN))]
fn refresh_token() {
    repeat(InProcess::refresh_token);
}

library_benchmark_group!(name = requests, benchmarks = [start, me, users, verify_token, refresh_token]);
main!(library_benchmark_groups = requests);
