//! The rules of what an agent may and can do. Changing it moves no work: it decides what comes next.

use super::command::{SetCapacity, SetQueues, SetSkills};
use super::draft::{Decision, Draft};
use super::event::{AgentEvent, CapacityChanged, QueuesChanged, SkillsChanged};
use super::rejection::Limited;

impl Draft<'_> {
    /// Lowering it below what is in use takes no work away; there is nothing free until it is done.
    pub(crate) fn set_capacity(mut self, command: &SetCapacity) -> Decision {
        Limited::Channels.admits(command.channels.len())?;
        if command.channels != self.standing.capacity {
            let channels = command.channels.clone();
            self.write(AgentEvent::CapacityChanged(CapacityChanged { channels }));
        }
        self.finish()
    }

    pub(crate) fn set_skills(mut self, command: &SetSkills) -> Decision {
        Limited::Skills.admits(command.skills.len())?;
        if command.skills != self.standing.skills {
            let skills = command.skills.clone();
            self.write(AgentEvent::SkillsChanged(SkillsChanged { skills }));
        }
        self.finish()
    }

    pub(crate) fn set_queues(mut self, command: &SetQueues) -> Decision {
        Limited::Queues.admits(command.queues.len())?;
        if command.queues != self.standing.queues {
            let queues = command.queues.clone();
            self.write(AgentEvent::QueuesChanged(QueuesChanged { queues }));
        }
        self.finish()
    }
}
