//! A library that takes a registry: it registers once, keeps its handles and counts through them.
// Never knows: which program embeds it, and how the numbers are exposed.
// Read next: `service.rs`, such a program.
#![allow(clippy::print_stdout)]

use kairos_metrics::{Counter, Error, Gauge, Registry};

/// A queue that says how full it is.
struct Queue {
    items: Vec<u64>,
    pushed: Counter,
    depth: Gauge,
}

impl Queue {
    /// Registers the queue's metrics; two queues in one registry need two names.
    fn new(name: &str, registry: &Registry) -> Result<Queue, Error> {
        Ok(Queue {
            items: Vec::new(),
            pushed: registry.counter(&format!("{name}_pushed"), "Items pushed")?,
            depth: registry.gauge(&format!("{name}_depth"), "Items waiting")?,
        })
    }

    fn push(&mut self, item: u64) {
        self.items.push(item);
        self.pushed.inc();
        self.depth.add(1);
    }

    fn pop(&mut self) -> Option<u64> {
        let item = self.items.pop()?;
        self.depth.sub(1);
        Some(item)
    }
}

fn main() -> Result<(), Error> {
    let registry = Registry::new();
    let mut orders = Queue::new("orders", &registry)?;
    let taken = Queue::new("orders", &registry).map(|_| ()).expect_err("the name is taken");
    println!("{taken}");
    orders.push(1);
    orders.push(2);
    orders.pop();
    println!("{}", registry.encode_prometheus());
    Ok(())
}
