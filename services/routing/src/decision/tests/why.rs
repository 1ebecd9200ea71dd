//! Why an agent was asked, or why not.

use kernel::Parameters;

use super::*;

fn asked(agent: &str) -> Parameters {
    Parameters(vec![("agent".to_owned(), agent.to_owned())])
}

/// The agent's standing, and why.
fn why(view: &DecisionView, agent: &str) -> [String; 2] {
    let fields = view.beside(&asked(agent)).unwrap();
    let [of, standing, why] = <[_; 3]>::try_from(fields).unwrap();
    assert_eq!(of, ("agent", agent.to_owned()));
    assert_eq!((standing.0, why.0), ("standing", "why"));
    [standing.1, why.1]
}

#[test]
fn why_is_answered_for_each_agent() {
    let view = viewed(&[
        recorded(),
        lost("amy", "VERSION_CONFLICT"),
        lost("amy", "NO_CAPACITY"),
        chosen("O-2", "eve"),
    ]);
    for (agent, standing, sentence) in [
        ("eve", "chosen", "asked under offer O-2"),
        (
            "amy",
            "lost",
            "was to be asked, and could not be had: NO_CAPACITY",
        ),
        (
            "bob",
            "candidate",
            "could take it, in place 2 of 3: others came first",
        ),
        ("cid", "excluded", "lacked a skill: lang:de"),
        (
            "dan",
            "excluded",
            "had refused this conversation, or let its offer run out, until 1970-01-01T00:17:00Z",
        ),
        (
            "zoe",
            "not_named",
            "not named: counted under `candidates_total` or `excluded`, or did not serve the queue",
        ),
    ] {
        assert_eq!(why(&view, agent), [standing, sentence], "{agent}");
    }
}

#[test]
fn agent_who_was_lost_and_then_had_was_chosen() {
    let view = viewed(&[
        recorded(),
        lost("amy", "VERSION_CONFLICT"),
        chosen("O-1", "amy"),
    ]);
    assert_eq!(why(&view, "amy")[0], "chosen");
}

#[test]
fn candidate_of_a_decision_that_is_open_waits_for_their_turn() {
    let view = viewed(&[recorded()]);
    assert_eq!(
        why(&view, "amy"),
        ["candidate", "could take it, in place 1 of 3: not asked yet"]
    );
}

#[test]
fn why_is_not_known_before_the_record() {
    let view = viewed(&[chosen("O-2", "bob")]);
    assert_eq!(why(&view, "bob")[0], "chosen");
    assert_eq!(why(&view, "amy")[0], "not_recorded");
}

#[test]
fn why_is_answered_when_asked() {
    let view = viewed(&[recorded()]);
    assert!(view.beside(&Parameters::default()).unwrap().is_empty());
    let bad = view.beside(&asked("a/b")).unwrap_err();
    assert_eq!(bad.name, "agent");
    let nothing = DecisionView::default().beside(&asked("amy")).unwrap();
    assert!(nothing.is_empty());
}
