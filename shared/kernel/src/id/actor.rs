//! The actor of a command.

use crate::label::{BadLabel, Label, LabelKind};

/// Kind of [`Actor`].
pub enum ActorKind {}
impl LabelKind for ActorKind {
    const NAME: &'static str = "actor";
    const MAX: usize = 128;
    const PATTERN: &'static str = "^[!-~]+$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_graphic()
    }
}
/// The sender of the command: the token's subject, or the producer's name.
pub type Actor = Label<ActorKind>;

/// What precedes a reaction's name when it acts.
const REACTION: &str = "reaction:";
/// What precedes an effect's name when it acts.
const EFFECT: &str = "effect:";
/// What precedes the name of a market that reports by itself.
const VENUE: &str = "venue:";
const TIMER: &str = "timer";
const ROUTER: &str = "router";

impl Actor {
    /// The reaction of that name.
    ///
    /// # Errors
    /// [`BadLabel`] when no actor can have the name.
    pub fn reaction(name: &str) -> Result<Self, BadLabel> {
        Self::new(&format!("{REACTION}{name}"))
    }

    /// The effect of that name.
    ///
    /// # Errors
    /// [`BadLabel`] when the name is none an actor can have.
    pub fn effect(name: &str) -> Result<Self, BadLabel> {
        Self::new(&format!("{EFFECT}{name}"))
    }

    /// The market of that name, as it is configured: what it reports of its own executions is a fact.
    ///
    /// # Errors
    /// [`BadLabel`] when no actor can have the name.
    pub fn venue(name: &str) -> Result<Self, BadLabel> {
        Self::new(&format!("{VENUE}{name}"))
    }

    /// The actor that fires timers.
    #[must_use]
    pub fn timer() -> Self {
        Self::new(TIMER).expect("a constant of letters")
    }

    /// The actor that manages the queues.
    #[must_use]
    pub fn router() -> Self {
        Self::new(ROUTER).expect("a constant of letters")
    }

    /// An actor outside the platform, as a token or a configured producer names it.
    ///
    /// # Errors
    /// [`BadLabel`] when no actor can have the name, or it is one of the platform's own.
    pub fn of_caller(name: &str) -> Result<Self, BadLabel> {
        let actor = Self::new(name)?;
        // What is known of an actor is addressed by a path: nobody may have a name that gets lost there.
        if name.contains('/') || name.bytes().all(|byte| byte == b'.') {
            return Err(BadLabel::Segment(ActorKind::NAME));
        }
        if actor.is_platform() || actor.is_venue() {
            return Err(BadLabel::Reserved("actor"));
        }
        Ok(actor)
    }

    /// Whether a market reports, rather than a person about it.
    #[must_use]
    pub fn is_venue(&self) -> bool {
        self.as_str().starts_with(VENUE)
    }

    /// The name of the reaction that acts, if it is neither a person nor another system.
    #[must_use]
    pub fn as_reaction(&self) -> Option<&str> {
        self.as_str().strip_prefix(REACTION)
    }

    /// Whether a reaction acts, rather than a person or another system.
    #[must_use]
    pub fn is_reaction(&self) -> bool {
        self.as_reaction().is_some()
    }

    /// The name of the effect that acts: it brings an answer from outside.
    #[must_use]
    pub fn as_effect(&self) -> Option<&str> {
        self.as_str().strip_prefix(EFFECT)
    }

    /// Whether the platform acts by itself: names that no other caller is admitted under.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.is_reaction() || self.as_effect().is_some() || matches!(self.as_str(), TIMER | ROUTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_caller_is_admitted_under_a_name_of_the_platforms_own() {
        for name in [
            "timer",
            "router",
            "reaction:fills-to-positions",
            "reaction:",
            "effect:offers-to-mail",
            "venue:drop-copy",
        ] {
            assert_eq!(
                Actor::of_caller(name),
                Err(BadLabel::Reserved("actor")),
                "{name}"
            );
        }
        for name in ["ann", "timers", "drop-copy", "reaction"] {
            assert!(!Actor::of_caller(name).unwrap().is_platform(), "{name}");
        }
        let own = [
            Actor::timer(),
            Actor::router(),
            Actor::reaction("x").unwrap(),
            Actor::effect("x").unwrap(),
        ];
        assert!(own.iter().all(Actor::is_platform));
    }
}
