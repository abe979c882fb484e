// The operations that change what reads are answered, done to the cache and to the model.
// Never knows: how reads are compared.
// Read next: `mod.rs`, which does all the others.

use super::{Op, Pair, may_have_died, same};

impl Pair<'_> {
    /// What changes the answers of reads.
    pub(super) fn change(&mut self, op: &Op) -> Result<(), String> {
        let (stage, model) = (&mut self.stage, &mut self.model);
        match op {
            Op::Odds { of, priced, price, ahead } => {
                let at = model.wall() + ahead;
                let model = model.observe(*of, *priced, *price, at);
                same("status", &model, &stage.observe(*of, *priced, *price, at))?;
            }
            Op::Status { of, market, status } => {
                let died = stage.set_status(*of, *market, *status);
                may_have_died(model.set_status(*of, *market, *status), died)?;
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
}
