// Makes a failing sequence small: fewer operations first, then plainer ones.
// Never knows: why it fails; only that it still does.
// Read next: `drive/mod.rs`, which is asked again and again.

use crate::model::coverage::Coverage;
use crate::model::drive::{self, Difference};
use crate::model::operation::{Named, Op, Sequence, Work};

/// A smallest sequence that fails, by removing and simplifying as long as something still fails.
pub(crate) fn shrink(mut sequence: Sequence, mut found: Difference) -> (Sequence, Difference) {
    sequence.ops.truncate(found.at + 1);
    loop {
        let before = sequence.ops.len();
        remove_stretches(&mut sequence, &mut found);
        simplify(&mut sequence, &mut found);
        if sequence.ops.len() == before {
            return (sequence, found);
        }
    }
}

fn still_fails(sequence: &Sequence) -> Option<Difference> {
    drive::run(sequence, &mut Coverage::default()).err()
}

/// Leaves out stretches, from long to single operations, from the end to the beginning.
fn remove_stretches(sequence: &mut Sequence, found: &mut Difference) {
    let mut stretch = sequence.ops.len().div_ceil(2).max(1);
    loop {
        let mut end = sequence.ops.len();
        while end > 0 {
            let start = end.saturating_sub(stretch);
            let mut shorter = sequence.clone();
            shorter.ops.drain(start..end);
            if let Some(difference) = still_fails(&shorter) {
                shorter.ops.truncate(difference.at + 1);
                *sequence = shorter;
                *found = difference;
            }
            end = start.min(sequence.ops.len());
        }
        if stretch == 1 {
            return;
        }
        stretch = stretch.div_ceil(2);
    }
}

/// Takes away from the contexts of reads and fills what is not needed.
fn simplify(sequence: &mut Sequence, found: &mut Difference) {
    let mut at = 0;
    while at < sequence.ops.len() {
        let fails = |op| {
            let mut simpler = sequence.clone();
            simpler.ops[at] = op;
            still_fails(&simpler).map(|difference| (simpler, difference))
        };
        match plainer(&sequence.ops[at]).into_iter().find_map(fails) {
            // What is left of the operation may still be more than is needed.
            Some(simpler) => (*sequence, *found) = simpler,
            None => at += 1,
        }
    }
}

fn plainer(op: &Op) -> Vec<Op> {
    match op {
        Op::Read { key, context, work, hit_only } => {
            let with = |context, work| Op::Read { key: *key, context, work, hit_only: *hit_only };
            let at_once = Work { takes: 0, ..*work };
            let mut ops: Vec<Op> =
                plainer_contexts(context).into_iter().map(|c| with(c, *work)).collect();
            if *work != at_once {
                ops.push(with(context.clone(), at_once));
            }
            ops
        }
        Op::Block { key, context, ends, hit_only } => plainer_contexts(context)
            .into_iter()
            .map(|context| Op::Block { key: *key, context, ends: *ends, hit_only: *hit_only })
            .collect(),
        Op::Load { key, context, hit_only } => plainer_contexts(context)
            .into_iter()
            .map(|context| Op::Load { key: *key, context, hit_only: *hit_only })
            .collect(),
        Op::Many { reads, work, absent, hit_only } => {
            let at_once = Work { takes: 0, ..*work };
            let with = |reads: Vec<(usize, Named)>, work| Op::Many {
                reads,
                work,
                absent: *absent,
                hit_only: *hit_only,
            };
            let fewer = (0..reads.len()).filter(|_| reads.len() > 1).map(|left_out| {
                let mut fewer = reads.clone();
                fewer.remove(left_out);
                with(fewer, *work)
            });
            let simpler = reads.iter().enumerate().flat_map(|(nth, (key, context))| {
                plainer_contexts(context).into_iter().map(move |context| {
                    let mut simpler = reads.clone();
                    simpler[nth] = (*key, context);
                    with(simpler, *work)
                })
            });
            let sooner = (*work != at_once).then(|| with(reads.clone(), at_once));
            fewer.chain(simpler).chain(sooner).collect()
        }
        Op::Begin { slot, key, context } => plainer_contexts(context)
            .into_iter()
            .map(|context| Op::Begin { slot: *slot, key: *key, context })
            .collect(),
        _ => Vec::new(),
    }
}

fn plainer_contexts(context: &Named) -> Vec<Named> {
    let bare = Named { in_match: context.in_match, ..Named::default() };
    [
        Named::default(),
        bare.clone(),
        Named { market: context.market, ..bare },
        Named { odds: Vec::new(), ..context.clone() },
        Named { tags: Vec::new(), ..context.clone() },
        Named { max_age: None, ..context.clone() },
        Named { kickoff_in: None, ..context.clone() },
        Named { lineup: None, ..context.clone() },
        Named { force: false, ..context.clone() },
    ]
    .into_iter()
    .filter(|plainer| plainer != context)
    .collect()
}
