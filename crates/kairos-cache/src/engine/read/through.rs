// A read with a compute, from its first poll to where it waits.
// Never knows: how a read is decided, joins a compute, or waits for it.
// Read next: `mod.rs` for the look, `near.rs` for reads that are served what their thread remembers.

use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;

use equivalent::Equivalent;

use crate::config::Rules;
use crate::context::Context;
use crate::engine::Engine;
use crate::engine::compute::Alone;
use crate::engine::read::Looked;
use crate::engine::read::reading::Request;
use crate::error::Error;
use crate::flight::{Job, Offer, Work};
use crate::receipt::Answer;
use crate::to_key::{Key, ToKey, Value};

/// How a read with a compute goes on.
enum Begun<V, F> {
    /// It waits for nothing.
    Answered(Result<Answer<V>, Error>),
    Waiting(Pin<Box<F>>),
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Reads with a compute: `work` is called at most once, where a flight wants it. It is behind a
    /// pointer so that this is compiled once for each form of key, not for each caller's closure.
    pub(crate) async fn read_through<Q>(
        self: &Arc<Self>,
        key: &Q,
        context: &Context,
        work: &mut (dyn FnMut(&Q, &Context) -> Work<V> + Send),
    ) -> Result<Answer<V>, Error>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        if let Some(answer) = self.answer_near(key, context) {
            return Ok(answer);
        }
        match self.begin(key, context, work) {
            Begun::Answered(answer) => answer,
            Begun::Waiting(waiting) => Ok(waiting.await),
        }
    }

    /// Decides a read with a compute. What it waits with is behind a pointer, so that the future of a read that
    /// waits for nothing is small: whoever polls it has moved it first, a few times.
    #[inline(never)]
    fn begin<'a, Q>(
        self: &'a Arc<Self>,
        key: &'a Q,
        context: &'a Context,
        work: &'a mut (dyn FnMut(&Q, &Context) -> Work<V> + Send),
    ) -> Begun<V, impl Future<Output = Answer<V>> + use<'a, K, V, Q>>
    where
        Q: Hash + Equivalent<K> + ToKey<K> + ?Sized,
    {
        let (moment, alone) = (self.moment(), &mut Alone::default());
        let request = match self.arrive(key, context, moment.now) {
            Ok(request) => request,
            Err(error) => return Begun::Answered(Err(error)),
        };
        let mut offer = None;
        let mut job = self.job_of(&request, &mut offer, work);
        match self.look(&request, &moment, &mut job, alone) {
            Looked::Stored(reading, newer) => {
                let moment = newer.as_ref().unwrap_or(&moment);
                let answer = self.serve_stored(&request, &reading, moment, &mut job, alone);
                Begun::Answered(Ok(answer))
            }
            Looked::Answered(answer) => Begun::Answered(Ok(answer)),
            Looked::Waiting(mut waiting, mut reading) => {
                drop(job);
                Begun::Waiting(Box::pin(async move {
                    let mut job = self.job_of(&request, &mut offer, work);
                    self.wait(&request, &mut waiting, &mut reading, &mut job).await
                }))
            }
        }
    }

    /// What makes the job of a read of its work, which is asked for once.
    fn job_of<'a, Q>(
        &'a self,
        request: &'a Request<'_, Q>,
        offer: &'a mut Option<Arc<Offer<V>>>,
        work: &'a mut (dyn FnMut(&Q, &Context) -> Work<V> + Send),
    ) -> impl FnMut(&Rules) -> Job<V>
    where
        Q: ?Sized,
    {
        let Request { key, context, place, .. } = request;
        move |rules| {
            let work = offer.get_or_insert_with(|| Offer::new(work(key, context))).work();
            Job::new(work, self.home(place.clone(), &context.tags, rules))
        }
    }

    /// The answer of a read with a compute that is served what its thread remembers.
    #[inline]
    pub(super) fn answer_near<Q>(&self, key: &Q, context: &Context) -> Option<Answer<V>>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let (served, now) = self.read_near(key, context, true)?;
        let (receipt, value) = (served.receipt_at(now), Arc::clone(served.value()));
        Some(Answer { receipt, outcome: Ok(value) })
    }
}
