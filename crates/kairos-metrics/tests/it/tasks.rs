// Claims about futures: a task counts exactly on whatever threads it runs between its awaits.
// Never knows: how a runtime moves tasks.
// Read next: `threads.rs`, the same claims about threads.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;

use kairos_metrics::{Precision, Registry};

const WORKERS: usize = 4;
const TASKS: u64 = 64;
const AWAITS: u64 = 500;

#[test]
fn tasks_of_several_workers_sum_exactly_across_their_awaits() {
    let registry = Registry::new();
    let counter = registry.counter("steps", "Steps").unwrap();
    let level = registry.gauge("running", "Tasks that run").unwrap();
    let latency = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).build().unwrap();
    // The first tasks block until each worker has one: all of them count, whatever the scheduler.
    let all_workers = Arc::new(Barrier::new(WORKERS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (counter, level, latency) = (counter.clone(), level.clone(), latency.clone());
            let all_workers = Arc::clone(&all_workers);
            runtime.spawn(async move {
                level.add(1);
                if task < WORKERS as u64 {
                    all_workers.wait();
                }
                let mut threads = BTreeSet::new();
                for step in 0..AWAITS {
                    counter.inc();
                    latency.record(task * AWAITS + step);
                    threads.insert(format!("{:?}", thread::current().id()));
                    tokio::task::yield_now().await;
                }
                level.sub(1);
                threads
            })
        })
        .collect();
    let threads = runtime.block_on(async {
        let mut threads = BTreeSet::new();
        for task in tasks {
            threads.append(&mut task.await.unwrap());
        }
        threads
    });
    assert!(threads.len() >= WORKERS);
    let steps = TASKS * AWAITS;
    let check = || {
        let snapshot = registry.snapshot();
        assert_eq!((snapshot.counter("steps"), snapshot.gauge("running")), (steps, 0));
        let latency = snapshot.histogram("latency");
        assert_eq!((latency.count(), latency.sum()), (steps, steps * (steps - 1) / 2));
        assert_eq!((latency.min(), latency.max()), (0, steps - 1));
    };
    check();
    drop(runtime);
    check();
}

#[test]
fn a_task_that_is_on_another_thread_after_each_await_sums_exactly() {
    let registry = Registry::new();
    let counter = registry.counter("steps", "Steps").unwrap();
    let latency = registry.histogram("latency", "Latency", Precision::two_digits()).unwrap();
    // The timer starts on the first thread, laps on every other one, and stops on the last.
    let task = async {
        let mut timer = latency.start();
        for _ in 0..100 {
            counter.inc();
            timer.lap();
            let mut moved = false;
            poll_fn(|_| {
                if std::mem::replace(&mut moved, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        timer.stop();
    };
    let mut task = pin!(task);
    let mut polls = 0;
    loop {
        let poll = || task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        polls += 1;
        if thread::scope(|scope| scope.spawn(poll).join().unwrap()).is_ready() {
            break;
        }
    }
    assert_eq!((polls, counter.value(), latency.snapshot().count()), (101, 100, 101));
}
