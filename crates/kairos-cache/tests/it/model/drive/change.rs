// The operations that change what reads are answered, done to the cache and to the model.
// Never knows: how reads are compared.
// Read next: `mod.rs`, which does all the others.

use super::{Matter, Op, Pair, may_have_died, same};

impl Pair<'_> {
    /// What changes the answers of reads.
    pub(super) fn change(&mut self, op: &Op) -> Result<(), String> {
        let (stage, model) = (&mut self.stage, &mut self.model);
        match op {
            Op::Odds { of, priced, price, ahead, feed } => {
                let at = model.wall() + ahead;
                let model = model.observe(*of, *feed, (*priced, *price), at);
                same("status", &model, &stage.observe(*of, *feed, (*priced, *price), at))?;
            }
            Op::Bulk { of, prices, ahead, feed } => {
                let at = model.wall() + ahead;
                let model = model.observe_many(*of, *feed, prices, at);
                same("statuses", &model, &stage.observe_many(*of, *feed, prices, at))?;
            }
            Op::Heartbeat { feed } => {
                stage.heartbeat(*feed);
                model.heartbeat(*feed);
            }
            Op::Retire { feed } => {
                stage.retire(*feed);
                model.retire(*feed);
            }
            Op::Status { of, feed, market, status } => {
                let died = stage.set_status(*of, *feed, *market, *status);
                may_have_died(model.set_status(*of, *market, *status), died)?;
                if let Some(feed) = feed {
                    model.heartbeat(*feed);
                }
            }
            Op::Event { of, event } => {
                let (markets, saved, died) = stage.event(*of, *event);
                let (model_markets, model_saved, model_died) = model.invalidate_event(*of, *event);
                same("event", &(model_markets, model_saved), &(markets, saved))?;
                may_have_died(model_died, died)?;
                model.count_died(died);
            }
            Op::Invalidate(target) => self.invalidate(*target)?,
            Op::Expire(target) => {
                stage.expire(*target);
                model.expire(*target);
            }
            Op::Switch(on) => {
                stage.cache.set_enabled(*on);
                model.switch(*on);
            }
            Op::Reload(setup) => {
                stage.cache.reload(&setup.config()).map_err(|error| error.to_string())?;
                model.reload(setup);
            }
            _ => unreachable!("`apply` sends changes only"),
        }
        Ok(())
    }

    /// What has moved, and died by that; and which silences are told.
    pub(super) fn compare_moves(&mut self) -> Result<(), String> {
        let (activity, moves) = (self.stage.cache.activity(), self.model.moves());
        let (soft, hard) = (activity.moves_soft, activity.moves_hard);
        same("moves, soft and hard", &(moves.soft, moves.hard), &(soft, hard))?;
        may_have_died(moves.died, activity.died_by_moves)?;
        self.coverage.reached(Matter::SoftMove, soft);
        self.coverage.reached(Matter::HardMove, hard);
        same("silences", &self.model.silences(), &activity.feed_silences)?;
        self.coverage.reached(Matter::Silence, activity.feed_silences);
        Ok(())
    }

    /// How many matches are watched; after a shutdown nobody looks whether they still are.
    pub(super) fn compare_watched(&mut self) -> Result<(), String> {
        if self.ending_since.is_some() {
            return Ok(());
        }
        let watched = self.model.watched();
        self.coverage.met(Matter::Watched, watched.unsigned_abs() as usize);
        let shown = self.stage.cache.registry().snapshot().gauge("kairos_cache_matches_watched");
        same("watched", &watched, &shown)
    }
}
