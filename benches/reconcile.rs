//! What reconciling costs: time by the number of observations, and for input made to hurt.
//!
//! `cargo bench --bench reconcile` prints criterion's times and at the end the growth exponents, the
//! logarithm of the times' ratio over that of the sizes. What the cases are: `benches/README.md`.
#![expect(
    clippy::print_stdout,
    reason = "the growth exponents are the result of the run"
)]
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros make undocumented items; a benchmark that cannot be set up has failed"
)]

mod synthetic;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use crosscheck::model::ScannerRun;
use crosscheck::reconcile::severity::SeverityRule;
use crosscheck::reconcile::{Reconciled, reconcile};

/// Observations of all scanners together.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

fn once(runs: &[ScannerRun]) -> Reconciled {
    reconcile(black_box(runs), &[], &SeverityRule::Vendor)
}

fn by_size(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reconcile");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500));
    for size in SIZES {
        let runs = synthetic::runs(size);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &runs, |bencher, runs| {
            bencher.iter_with_large_drop(|| once(runs));
        });
    }
    group.finish();
}

fn attacks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reconcile-attacks");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500));
    for (name, runs) in synthetic::attacks(10_000) {
        group.bench_function(name, |bencher| bencher.iter_with_large_drop(|| once(&runs)));
    }
    group.finish();
}

/// Growth between neighbouring sizes, from the best of three runs each.
fn growth() {
    let measure = |runs: &[ScannerRun]| {
        let best = (0..3)
            .map(|_| {
                let start = Instant::now();
                let reconciled = once(runs);
                let elapsed = start.elapsed();
                drop(reconciled);
                elapsed
            })
            .min();
        best.expect("three runs").as_secs_f64()
    };
    let report = |name: &str, points: &[(usize, f64)]| {
        for pair in points.windows(2) {
            if let [(small, fast), (large, slow)] = pair {
                #[expect(clippy::cast_precision_loss, reason = "sizes are small numbers")]
                let exponent = (slow / fast).ln() / (*large as f64 / *small as f64).ln();
                println!(
                    "growth {name} {small} -> {large}: {fast:.3} s -> {slow:.3} s, exponent {exponent:.3}"
                );
            }
        }
    };
    let points: Vec<(usize, f64)> = SIZES
        .iter()
        .map(|size| (*size, measure(&synthetic::runs(*size))))
        .collect();
    report("reconcile", &points);
    let sizes = [10_000, 40_000];
    let names: Vec<&str> = synthetic::attacks(10)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for (at, name) in names.into_iter().enumerate() {
        let points: Vec<(usize, f64)> = sizes
            .iter()
            .filter_map(|size| {
                let (_, runs) = synthetic::attacks(*size).into_iter().nth(at)?;
                Some((*size, measure(&runs)))
            })
            .collect();
        report(name, &points);
    }
}

criterion_group!(benches, by_size, attacks);

fn main() {
    // Under `cargo test` criterion runs every case once; a million observations are for benchmarks.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--bench") {
        benches();
        // Whoever filters or profiles wants nothing but that.
        if arguments.len() == 1 {
            growth();
        }
    } else {
        // One run of a given size (a thousand by default), for tools that count instructions or memory.
        let size = arguments.iter().find_map(|argument| argument.parse().ok());
        let runs = synthetic::runs(size.unwrap_or(1_000));
        println!("{} findings", once(&runs).findings.len());
    }
}
