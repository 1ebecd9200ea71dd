//! The event pipeline, written once for every context and for every set of adapters.
//!
//! In: commands over the command log. Out: events, views and answers. The modules are in the
//! order of the data path. Nothing here knows a database, a broker or a web server by name.

#![warn(missing_docs)]

pub mod accept;
mod act;
mod announce;
mod commit;
mod export;
mod follow;
mod handle;
mod live;
mod misplaced;
mod project;
mod publish;
mod query;
mod reactor;
mod redrive;
mod report;
mod share;
mod skip;
mod slices;
mod timers;
mod verify;

mod alone;
mod backoff;
pub mod command;
mod consume;
pub mod crash;
mod membership;
mod metric;
mod movement;
mod seams;

pub use act::{Act, ActPorts, ActSettings, CallRedriver};
pub use alone::Alone;
pub use announce::Announcing;
pub use backoff::Backoff;
pub use commit::{CommitHandle, Committer};
pub use export::TenantEvents;
pub use follow::{FoldSaving, FollowPorts, Followed};
pub use handle::{
    Foreseen, Processor, ProcessorPorts, ProcessorSettings, Proof, REDRIVE, RehearsalPorts,
};
pub use live::{
    End, FeedPorts, Interest, Live, LivePorts, LiveSettings, LiveSlice, LiveStream, NotOpened,
    Opening, Sees, Wish,
};
pub use metric::describe_metrics;
pub use misplaced::{Misplaced, Streams};
pub use movement::{Movement, Seen, Stands, Work, Worker};
pub use project::{
    BodyFilter, FoldError, Projector, ProjectorPorts, ProjectorSettings, Until, fold,
    projection_named, view_id,
};
pub use query::{
    Answer, BEHIND, Demand, Expensive, ExpensiveSettings, History, MinLogPosition, Page, Query,
    QueryPorts, QuerySettings, Source, Through, Unanswered, is_whole,
};
pub use reactor::{Reactor, ReactorPorts};
pub use redrive::{
    BarredLetters, Fingerprint, Known, NoFingerprint, Reading, Redriven, Redriver, Responsible,
    Stays, Traits, redrive_of,
};
pub use report::{CommandReport, Status, report};
pub use seams::{SystemClock, SystemIds};
pub use share::Share;
pub use skip::{Barrier, NotSkipped, Skipper};
pub use slices::{ContextSlice, EffectSlice, Named, ReactionSlice, Slices, ViewSlice};
pub use timers::TimerKeeper;
pub use verify::{
    Coverage, Findings, Invariant, Rule, RuleWorld, Verifier, VerifyPorts, Watch, folds, scrub,
};
