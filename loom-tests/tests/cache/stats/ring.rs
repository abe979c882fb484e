// Models of the notices' ring: nobody who listens sleeps through what is told.
// Never knows: what is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use kairos_cache::model::{Heard, Listener, Ring};
use loom::thread;

/// Whether it has been woken. Std's atomic: it is no part of what is modelled.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst); // SeqCst: the test's own flag.
    }
}

fn poll(listener: &mut Listener<u32>, woken: &Arc<Woken>) -> Option<u32> {
    let waker = Waker::from(Arc::clone(woken));
    match listener.poll_next(&Context::from_waker(&waker)) {
        Poll::Ready(Some(Heard::Next(told))) => Some(*told),
        Poll::Ready(Some(Heard::Lost(lost))) => panic!("lost {lost}"),
        Poll::Ready(None) => panic!("it has ended"),
        Poll::Pending => None,
    }
}

/// `tellers` threads tell one thing each, beside a listener that comes to wait.
fn a_listener_beside(tellers: u32, tell: fn(&Ring<u32>, u32)) {
    loom::model(move || {
        let ring = Ring::new(4);
        let (mut listener, woken) = (ring.listen(), Arc::new(Woken::default()));
        let telling: Vec<_> = (0..tellers)
            .map(|told| {
                let ring = Arc::clone(&ring);
                thread::spawn(move || tell(&ring, told))
            })
            .collect();
        let mut heard = Vec::from_iter(poll(&mut listener, &woken));
        telling.into_iter().for_each(|teller| teller.join().unwrap());
        // SeqCst: as in `wake`.
        assert!(!heard.is_empty() || woken.0.load(Ordering::SeqCst), "it sleeps");
        while heard.len() < tellers as usize {
            heard.push(poll(&mut listener, &woken).expect("it has been told"));
        }
        heard.sort_unstable();
        assert_eq!(heard, Vec::from_iter(0..tellers));
    });
}

#[test]
fn a_listener_hears_what_is_told_or_is_woken() {
    a_listener_beside(1, |ring, told| {
        ring.put(told);
        ring.wake();
    });
}

#[test]
fn of_two_tellers_one_wakes_for_both() {
    a_listener_beside(2, |ring, told| {
        ring.put(told);
        ring.wake();
    });
}

/// The mistake that the models must find: woken before there is anything to hear.
#[test]
#[should_panic(expected = "it sleeps")]
fn a_listener_that_is_woken_too_early_sleeps() {
    a_listener_beside(1, |ring, told| {
        ring.wake();
        ring.put(told);
    });
}
