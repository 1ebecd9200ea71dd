//! How a sign-in ended: what its browser is shown, and what operators see of it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError as _};
use http::auth::{About, SignInError, TokenError};
use http::problem::Problem;
use metrics::{Unit, counter, describe_counter};

use super::page::{Said, said};

const SIGN_INS: &str = "dealerboard_sign_ins_total";

const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Where people sign in without a provider.
pub(super) const LOCAL: &str = "local";

/// Gives the recorder a sentence for every metric of sign-ins.
pub fn describe_metrics() {
    describe_counter!(
        SIGN_INS,
        Unit::Count,
        "Sign-ins of browsers that ended, by provider and outcome."
    );
}

/// Somebody is signed in.
pub(super) fn count_signed_in(provider: &str) {
    count(provider, "signed_in");
}

fn count(provider: &str, outcome: &'static str) {
    counter!(SIGN_INS, "provider" => provider.to_owned(), "outcome" => outcome).increment(1);
}

/// Why a browser is not signed in.
#[derive(Debug)]
pub(super) enum Failed {
    /// It comes back to a sign-in that it did not begin, or began too long ago.
    NotBegun,
    /// It comes back a second time.
    Used,
    /// The provider says no, by an error code of RFC 6749 §4.1.2.1.
    Denied(String),
    /// The provider says neither yes nor no.
    Unanswered,
    Provider(SignInError),
    /// The session cannot be kept.
    Ours(Problem),
}

impl From<SignInError> for Failed {
    fn from(error: SignInError) -> Self {
        Self::Provider(error)
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self::Ours(problem)
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The person's, who may begin anew.
    Person,
    /// Nobody's: a moment later it may go.
    Later,
    /// The operator's.
    Operator,
}

impl Failed {
    fn turn(&self) -> Turn {
        match self {
            Self::NotBegun | Self::Used | Self::Unanswered => Turn::Person,
            Self::Denied(code) => match code.as_str() {
                "temporarily_unavailable" | "server_error" => Turn::Later,
                "invalid_request"
                | "unauthorized_client"
                | "unsupported_response_type"
                | "invalid_scope"
                | "invalid_target" => Turn::Operator,
                _ => Turn::Person,
            },
            Self::Ours(problem) if problem.status_code() != UNAVAILABLE => Turn::Operator,
            Self::Ours(_) => Turn::Later,
            Self::Provider(error) => match error {
                SignInError::Away(_)
                | SignInError::Token(TokenError::KeysAway | TokenError::MembersUnread) => {
                    Turn::Later
                }
                SignInError::Code(_) | SignInError::OtherIssuer | SignInError::NoPerson => {
                    Turn::Person
                }
                SignInError::Token(TokenError::Nonce) => Turn::Person,
                SignInError::Client(_) | SignInError::Answer(_) | SignInError::Token(_) => {
                    Turn::Operator
                }
            },
        }
    }

    fn status(&self) -> StatusCode {
        match self.turn() {
            Turn::Later => UNAVAILABLE,
            Turn::Operator => StatusCode::INTERNAL_SERVER_ERROR,
            Turn::Person if matches!(self, Self::Denied(_)) => StatusCode::FORBIDDEN,
            Turn::Person => StatusCode::BAD_REQUEST,
        }
    }

    fn outcome(&self) -> &'static str {
        match self.turn() {
            Turn::Later => "away",
            Turn::Operator => "unusable",
            Turn::Person if matches!(self, Self::Denied(_)) => "denied",
            Turn::Person => "refused",
        }
    }

    /// What happened, in words for the person in front of the browser.
    fn words(&self, title: &str) -> String {
        match self {
            Self::NotBegun => {
                "This sign-in did not begin in this browser, or more than ten minutes ago, or \
                               another one was begun since."
                    .to_owned()
            }
            Self::Used => "This sign-in was used already.".to_owned(),
            Self::Unanswered => format!("{title} did not say who you are."),
            Self::Denied(code) if code == "access_denied" => {
                format!("{title} did not let you in, or you cancelled.")
            }
            Self::Denied(_) if self.turn() == Turn::Later => {
                format!("{title} cannot let anybody in at the moment. Nothing is lost.")
            }
            Self::Denied(_) => format!("{title} did not let you in."),
            Self::Ours(_) if self.turn() == Turn::Later => {
                "Nobody can be signed in at the moment. Nothing is lost.".to_owned()
            }
            Self::Ours(_) => "The platform made a mistake.".to_owned(),
            Self::Provider(error) => of_provider(error, self.turn(), title),
        }
    }
}

fn of_provider(error: &SignInError, turn: Turn, title: &str) -> String {
    match error {
        SignInError::Code(_) => format!("{title} says that this sign-in is over."),
        SignInError::OtherIssuer => format!("This answer is not from {title}."),
        SignInError::NoPerson => "Only people sign in here.".to_owned(),
        SignInError::Token(TokenError::Nonce) => {
            format!("The answer of {title} is to another sign-in.")
        }
        _ if turn == Turn::Later => {
            format!("{title} cannot be reached at the moment. Nothing is lost.")
        }
        _ => format!("The platform and {title} do not understand each other."),
    }
}

/// The page that says why, and a line in the log.
pub(super) fn failed(about: &About, origin: &str, failed: &Failed) -> HttpResponse {
    let (provider, outcome) = (about.name.as_str(), failed.outcome());
    count(provider, outcome);
    match failed {
        Failed::Provider(error) => {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, provider, outcome, "a sign-in failed");
        }
        Failed::Ours(problem) => {
            let error = problem as &dyn std::error::Error;
            tracing::warn!(error, provider, outcome, "a sign-in failed");
        }
        Failed::Denied(code) => tracing::info!(code, provider, outcome, "a sign-in failed"),
        Failed::NotBegun | Failed::Used | Failed::Unanswered => {
            tracing::info!(reason = ?failed, provider, outcome, "a sign-in failed");
        }
    }
    let next = match failed.turn() {
        Turn::Person => "Sign in again",
        Turn::Later => "Try again",
        Turn::Operator => "Tell your operator, and try again later",
    };
    said(&Said {
        status: failed.status(),
        words: &failed.words(&about.title),
        next,
        address: &format!("{origin}/signin"),
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use http::auth::{SignInError, TokenError};

    use super::Failed;

    #[test]
    fn page_says_whose_turn_it_is() {
        let denied = |code: &str| Failed::Denied(code.to_owned());
        let away = || SignInError::Away(Box::new(std::io::Error::other("away")));
        for (failed, status, outcome) in [
            (Failed::NotBegun, 400, "refused"),
            (Failed::Used, 400, "refused"),
            (denied("access_denied"), 403, "denied"),
            (denied("login_required"), 403, "denied"),
            (denied("temporarily_unavailable"), 503, "away"),
            (denied("invalid_scope"), 500, "unusable"),
            (away().into(), 503, "away"),
            (
                SignInError::Code("their words".to_owned()).into(),
                400,
                "refused",
            ),
            (
                SignInError::Client("their words".to_owned()).into(),
                500,
                "unusable",
            ),
            (SignInError::OtherIssuer.into(), 400, "refused"),
            (SignInError::Token(TokenError::KeysAway).into(), 503, "away"),
            (SignInError::Token(TokenError::Nonce).into(), 400, "refused"),
            (
                SignInError::Token(TokenError::Audience).into(),
                500,
                "unusable",
            ),
        ] {
            let expected = StatusCode::from_u16(status).unwrap();
            assert_eq!((failed.status(), failed.outcome()), (expected, outcome));
            let words = failed.words("Desk");
            // What the provider said is for the log.
            assert!(
                !words.contains("their words") && !words.contains("scope"),
                "{words}"
            );
        }
    }
}
