//! A session as it is kept.

use std::sync::Arc;

use http::auth::{ProviderSession, SignedIn};
use kernel::port::SessionKey;
use kernel::{Subject, Timestamp};
use serde::{Deserialize, Serialize};

/// What all gateways know of a session. Its id is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    subject: Subject,
    csrf_token: Arc<str>,
    /// Microseconds since the epoch.
    until: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_provider: Option<Arc<ProviderSession>>,
}

impl Record {
    pub(super) fn new(signed_in: &SignedIn) -> Self {
        Self {
            subject: Subject::clone(&signed_in.principal),
            csrf_token: Arc::clone(&signed_in.csrf_token),
            until: signed_in.until.micros(),
            at_provider: signed_in.at_provider.clone(),
        }
    }

    pub(super) fn signed_in(self, key: SessionKey) -> SignedIn {
        SignedIn {
            principal: self.subject.into(),
            key,
            csrf_token: self.csrf_token,
            until: Timestamp::from_micros(self.until),
            at_provider: self.at_provider,
            is_unconfirmed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::port::SessionKey;
    use kernel::{Subject, SubjectKind, Timestamp};

    use super::Record;
    use http::auth::{ProviderSession, SignedIn};

    #[test]
    fn subject_comes_back_as_it_was_kept() {
        let key = SessionKey([7; 32]);
        let (tenant, actor) = ("demo".parse().unwrap(), "ann".parse().unwrap());
        let mut subject = Subject::person(tenant, actor, vec!["trader".parse().unwrap()]);
        subject.kind = SubjectKind::Service;
        subject.issuer = "https://id.example".into();
        subject.issued_s = Some(17);
        // That of the session.
        subject.expires_s = Some(5);
        subject.books = Some(["EQ".into()].into());
        subject.ceiling = Some(250_000);
        let at_provider = ProviderSession {
            provider: "desk".to_owned(),
            issuer: "https://id.example".to_owned(),
            subject: "7f".to_owned(),
            session: Some("s1".to_owned()),
            issued_s: 17,
            id_token: None,
        };
        let signed_in = SignedIn {
            principal: subject.clone().into(),
            key,
            csrf_token: "abc".into(),
            until: Timestamp::from_millis(5_000),
            at_provider: Some(Arc::new(at_provider.clone())),
            is_unconfirmed: false,
        };
        let kept = serde_json::to_vec(&Record::new(&signed_in)).unwrap();
        let read: Record = serde_json::from_slice(&kept).unwrap();
        let back = read.signed_in(key);
        assert_eq!(*back.principal, subject);
        assert_eq!(back.at_provider.as_deref(), Some(&at_provider));
        assert_eq!(
            (&*back.csrf_token, back.until),
            ("abc", Timestamp::from_millis(5_000))
        );
    }
}
