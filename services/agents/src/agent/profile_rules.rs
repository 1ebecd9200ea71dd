//! The rules of what an agent may and can do. Changing it moves no work: it decides what comes next.

use std::collections::BTreeSet;

use super::command::{AddQueues, RemoveQueues, SetCapacity, SetInterruptions, SetSkills};
use super::draft::{Decision, Draft};
use super::event::{
    AgentEvent, CapacityChanged, InterruptionsChanged, QueuesChanged, SkillsChanged,
};
use super::label::Queue;
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

    pub(crate) fn set_queues(mut self, queues: BTreeSet<Queue>) -> Decision {
        Limited::Queues.admits(queues.len())?;
        if queues != self.standing.queues {
            self.write(AgentEvent::QueuesChanged(QueuesChanged { queues }));
        }
        self.finish()
    }

    pub(crate) fn add_queues(self, command: &AddQueues) -> Decision {
        let queues = &self.standing.queues | &command.queues;
        self.set_queues(queues)
    }

    pub(crate) fn remove_queues(self, command: &RemoveQueues) -> Decision {
        let queues = &self.standing.queues - &command.queues;
        self.set_queues(queues)
    }

    /// Work in progress continues beside whatever is there.
    pub(crate) fn set_interruptions(mut self, command: &SetInterruptions) -> Decision {
        let interruptible_by = command.interruptible_by.clone();
        Limited::Channels.admits(interruptible_by.0.len())?;
        for admitted in interruptible_by.0.values() {
            Limited::Channels.admits(admitted.len())?;
        }
        if interruptible_by != self.standing.interruptible_by {
            let changed = InterruptionsChanged { interruptible_by };
            self.write(AgentEvent::InterruptionsChanged(changed));
        }
        self.finish()
    }
}
