// The claims of `sim.rs`, each as a test.
// Never knows: anything beyond the module it tests.
// Read next: `sim.rs`.

use std::sync::Mutex as StdMutex;
use std::time::UNIX_EPOCH;

use super::*;

type Log = Arc<StdMutex<Vec<(&'static str, u64)>>>;

fn note(log: &Log, sim: &Sim, name: &'static str) {
    let at = u64::try_from(sim.now().as_millis()).expect("small");
    log.lock().expect("no panic").push((name, at));
}

fn spawn_sleeper(sim: &Sim, log: &Log, name: &'static str, ms: u64) -> Task {
    let (own, log) = (sim.clone(), Arc::clone(log));
    sim.spawn(Box::pin(async move {
        own.sleep(Duration::from_millis(ms)).await;
        note(&log, &own, name);
    }))
}

#[test]
fn timers_fire_by_time_and_then_by_the_order_they_were_set() {
    let (sim, log) = (Sim::new(UNIX_EPOCH), Log::default());
    for (name, ms) in [("c", 20), ("a", 10), ("b", 10), ("never", 99)] {
        let _runs = spawn_sleeper(&sim, &log, name, ms);
    }
    sim.advance_to(Duration::from_millis(50));
    assert_eq!(*log.lock().expect("no panic"), [("a", 10), ("b", 10), ("c", 20)]);
    assert_eq!(sim.now(), Duration::from_millis(50));
    sim.run_to_end();
    assert_eq!(sim.now(), Duration::from_millis(99));
}

#[test]
fn an_aborted_task_is_dropped_and_its_timer_with_it() {
    let (sim, log) = (Sim::new(UNIX_EPOCH), Log::default());
    let task = spawn_sleeper(&sim, &log, "aborted", 10);
    sim.run_until_idle();
    task.abort();
    sim.run_to_end();
    assert!(log.lock().expect("no panic").is_empty());
    assert_eq!(sim.now(), Duration::ZERO);
}

#[test]
fn a_task_may_abort_itself_and_spawn_while_it_is_polled() {
    let (sim, log) = (Sim::new(UNIX_EPOCH), Log::default());
    let own_task: Arc<StdMutex<Option<Task>>> = Arc::default();
    let (inner_sim, inner_log, handle) = (sim.clone(), Arc::clone(&log), Arc::clone(&own_task));
    let task = sim.spawn(Box::pin(async move {
        if let Some(task) = handle.lock().expect("no panic").take() {
            task.abort();
        }
        let _runs = spawn_sleeper(&inner_sim, &inner_log, "child", 1);
        std::future::pending::<()>().await;
    }));
    *own_task.lock().expect("no panic") = Some(task);
    sim.run_to_end();
    assert_eq!(*log.lock().expect("no panic"), [("child", 1)]);
    assert!(sim.0.state.lock().tasks.is_empty());
}

#[test]
fn a_task_woken_and_passed_over_while_another_thread_polls_it_is_polled_again() {
    use std::sync::mpsc;

    let sim = Sim::new(UNIX_EPOCH);
    let ((entered, has_entered), (let_go, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let mut polls = 0;
    let _runs = sim.spawn(Box::pin(poll_fn(move |cx| {
        polls += 1;
        entered.send((polls, cx.waker().clone())).expect("the test waits");
        gate.recv().expect("the test lets go");
        if polls < 2 { Poll::Pending } else { Poll::Ready(()) }
    })));
    let own = sim.clone();
    let runner = std::thread::spawn(move || own.run_until_idle());
    let (_, waker) = has_entered.recv().expect("polled");
    waker.wake();
    sim.run_until_idle();
    for _ in 0..2 {
        let_go.send(()).expect("the task lives");
    }
    runner.join().expect("no panic");
    assert_eq!(has_entered.try_recv().expect("polled again").0, 2);
    assert!(sim.0.state.lock().tasks.is_empty());
}
