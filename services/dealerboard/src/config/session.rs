//! Sessions of browsers.

use serde::{Deserialize, Serialize};

/// Longest session, seconds: as long as a token may live.
const ABSOLUTE_MAX_S: u64 = 24 * 60 * 60;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    pub idle_s: u64,
    pub absolute_s: u64,
    /// Where browsers find the gateway; empty: where it listens.
    pub public_url: String,
    /// The path that is shown after a sign-in.
    pub home: String,
}

impl Session {
    /// Everything that is wrong with it, at once.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let (idle_s, absolute_s) = (self.idle_s, self.absolute_s);
        if !(60..=ABSOLUTE_MAX_S).contains(&absolute_s) {
            faults.push(format!(
                "session.absolute_s is {absolute_s}, not within 60..={ABSOLUTE_MAX_S}"
            ));
        }
        if !(60..=absolute_s.max(60)).contains(&idle_s) {
            faults.push(format!(
                "session.idle_s is {idle_s}, not within 60..=session.absolute_s"
            ));
        }
        let url = &self.public_url;
        if !url.is_empty() && !url.starts_with("https://") {
            faults.push(format!("session.public_url {url:?} is not https"));
        }
        if !gateway::is_local(&self.home) {
            let home = &self.home;
            faults.push(format!("session.home {home:?} is no path of this host"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::Session;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let right = Session {
            idle_s: 1_800,
            absolute_s: 43_200,
            public_url: "https://desk.example".to_owned(),
            home: "/".to_owned(),
        };
        assert!(right.faults().is_empty());
        let wrong = Session {
            idle_s: 59,
            absolute_s: 86_401,
            public_url: "http://desk.example".to_owned(),
            home: "//evil.example".to_owned(),
        };
        assert_eq!(wrong.faults().len(), 4, "{:?}", wrong.faults());
        let idle_longer = Session {
            idle_s: 43_201,
            ..right
        };
        assert_eq!(idle_longer.faults().len(), 1);
    }
}
