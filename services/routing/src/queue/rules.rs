//! What the types of the settings leave open.

use super::rejection::{QueueRejection, Setting};
use crate::label::QueueId;
use crate::settings::{QueueSettings, Relaxation, Strategy};

type Checked = Result<(), QueueRejection>;

/// Whether the queue can be served so. A queue is configured by hand: the first fault is enough.
pub(super) fn check(settings: &QueueSettings, queue_id: &QueueId) -> Checked {
    if let Strategy::Ring(agents) = settings.strategy {
        Setting::Ring.admits(agents.get())?;
    }
    boosts_and_weights(settings)?;
    Setting::OfferTtlMs.admits(settings.offer_ttl_ms.get())?;
    Setting::CooldownS.admits(settings.cooldown_s)?;
    relaxations(&settings.relaxations)?;
    Setting::Percent.admits(settings.service_level.percent.get())?;
    if let Some(zone) = &settings.zone
        && kernel::zone_named(zone.as_str()).is_none()
    {
        return Err(QueueRejection::ZoneUnknown(zone.clone()));
    }
    match &settings.overflow {
        Some(overflow) if overflow.queue == *queue_id => Err(QueueRejection::OverflowToItself),
        _ => Ok(()),
    }
}

fn boosts_and_weights(settings: &QueueSettings) -> Checked {
    Setting::IntentBoosts.admits(settings.intent_boost_s.len() as u64)?;
    for boost_s in settings.intent_boost_s.values() {
        Setting::IntentBoostS.admits(*boost_s)?;
    }
    Setting::SkillWeights.admits(settings.skill_weights.len() as u64)?;
    for weight in settings.skill_weights.values() {
        Setting::SkillWeight.admits(weight.get())?;
    }
    Ok(())
}

fn relaxations(relaxations: &[Relaxation]) -> Checked {
    Setting::Relaxations.admits(relaxations.len() as u64)?;
    for relaxation in relaxations {
        Setting::DroppedSkills.admits(relaxation.dropped.len() as u64)?;
    }
    for pair in relaxations.windows(2) {
        let [before, after] = pair else { continue };
        let (before_s, after_s) = (before.after_s.get(), after.after_s.get());
        if after_s <= before_s {
            return Err(QueueRejection::RelaxationsNotAscending { before_s, after_s });
        }
    }
    Ok(())
}
