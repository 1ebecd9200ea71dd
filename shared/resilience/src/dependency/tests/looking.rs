//! What a dependency tells people who look at it.

use std::future::ready;
use std::time::Duration;

use tokio::time::sleep;

use super::{Oops, dependency, hang};
use crate::breaker::{Mode, State};
use crate::deadline::Deadline;

#[tokio::test(start_paused = true)]
async fn last_failure_is_kept_and_a_no_is_none() {
    let dependency = dependency();
    let answers = |error| dependency.call_once(Deadline::NONE, move || ready(Err::<(), _>(error)));
    answers(Oops::NotFound).await.unwrap_err();
    assert_eq!(dependency.last_failure(), None);

    answers(Oops::Down).await.unwrap_err();
    sleep(Duration::from_secs(7)).await;
    let last = dependency.last_failure().unwrap();
    assert_eq!(last.why, "it is down");
    assert_eq!(last.ago, Duration::from_secs(7));

    hang(&dependency, Deadline::NONE).await;
    let last = dependency.last_failure().unwrap();
    assert!(last.why.contains("no answer within 200ms"), "{}", last.why);
    assert_eq!(last.ago, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn moves_of_the_breaker_are_told_with_their_age() {
    let dependency = dependency();
    assert!(dependency.breaker().past().is_empty());
    let opened = dependency.breaker().set_mode(Mode::ForcedOpen);
    sleep(Duration::from_secs(60)).await;
    let closed = dependency.breaker().set_mode(Mode::Automatic);
    let past = dependency.breaker().past();
    let states: Vec<_> = past.iter().map(|moved| moved.transition.to).collect();
    assert_eq!(states, [opened.to, closed.to]);
    assert_eq!(states, [State::ForcedOpen, State::Closed]);
    assert_eq!(past[0].ago, Duration::from_secs(60));
    assert_eq!(past[1].ago, Duration::ZERO);
}
