//! The engine without the C boundary: submitting, completing, drawing, hashing.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sim_core::config::Config;
use sim_core::device::Device;
use sim_core::draw::Draws;
use sim_core::kernel::Kernel;
use sim_core::ledger::Ledger;
use sim_core::memory::storage::{Span, Storage};
use sim_core::profile::Profile;
use sim_core::request::{Answer, Work};
use sim_core::seq::{UnitId, UnitKind};
use sim_models::mix::Mix;

const UNIT: UnitId = UnitId { core: 0, kind: UnitKind::TensorOp, queue: 0 };

fn device() -> Device {
    let config = Config::new(Profile::named("trn1").expect("built in"));
    let ledger = Ledger::new(config.cores as usize).expect("small");
    Device::open(config, ledger)
}

fn requests(criterion: &mut Criterion) {
    let device = device();
    let span = |device: &Device| Span::whole(Arc::new(device.allocate(0, 64).expect("empty")));
    let (from, to) = (span(&device), span(&device));
    criterion.bench_function("copy 64 bytes: submit and poll until completed", |bencher| {
        bencher.iter(|| {
            let work = Work::Copy { from: from.clone(), to: to.clone() };
            let seq = device.submit(UNIT, work, Answer::Nobody).expect("no bound");
            while !device.is_completed(UNIT, seq.num()) {}
        });
    });
    criterion.bench_function("copy 64 bytes: submit and wait", |bencher| {
        bencher.iter(|| {
            let work = Work::Copy { from: from.clone(), to: to.clone() };
            let seq = device.submit(UNIT, work, Answer::Nobody).expect("no bound");
            device.wait(UNIT, seq.num(), None)
        });
    });
    device.close();
}

fn parts(criterion: &mut Criterion) {
    let mut draws = Draws::new(1, UNIT);
    let mut num = 0;
    criterion.bench_function("draw", |bencher| {
        bencher.iter(|| {
            num += 1;
            draws.at(black_box(num))
        });
    });
    let mut group = criterion.benchmark_group("mix");
    for size in [64, 64 << 10, 16 << 20] {
        let tensor = || Span::whole(Arc::new(Storage::on_host(size).expect("small")));
        let (inputs, outputs) = ([tensor()], [tensor()]);
        let mix = Mix::new(b"bench");
        group.throughput(Throughput::Bytes(2 * size as u64));
        group.bench_function(format!("{size} bytes in, {size} bytes out"), |bencher| {
            bencher.iter(|| mix.run(&inputs, &outputs));
        });
    }
}

criterion_group!(benches, requests, parts);
criterion_main!(benches);
