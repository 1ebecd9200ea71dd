//! Which tokens open the door, for how long, and that nothing else does.

use std::sync::Arc;

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, Data};
use http::auth::{Demands, Principal, Revision, TokenError, TrustedKey, Verifier};
use http::edge::edge;
use kernel::Timestamp;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::json;

use crate::issuer::{
    AUDIENCE, ISSUER, Issuer, NOW_S, claims, demands, ed_header, mapping, pem, with,
};

#[actix_web::test]
async fn request_without_one_bearer_token_is_answered_401() {
    let issuer = Issuer::new();
    let app = init_service(
        App::new()
            .wrap(from_fn(edge))
            .app_data(Data::new(issuer.verifier()))
            .route("/", web::get().to(|_: Principal| async { "in" })),
    )
    .await;
    let good = issuer.good();
    let requests = [
        vec![],
        vec![good.clone()],
        vec!["Bearer".to_owned()],
        vec!["Basic YTpi".to_owned()],
        vec![format!("Basic {good}")],
        vec![format!("Bearer {good}"), format!("Bearer {good}")],
        vec![format!("Bearer {good} {good}")],
        vec![format!("Bearer é{good}")],
    ];
    for values in requests {
        let mut request = TestRequest::get();
        for value in &values {
            request = request.append_header((AUTHORIZATION, value.as_bytes()));
        }
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{values:?}");
    }
    let in_the_url = TestRequest::with_uri(&format!("/?access_token={good}")).to_request();
    let response = call_service(&app, in_the_url).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn good_tokens_are_taken_in_all_their_spellings() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let rsa = with(
        with(ed_header(), "alg", json!("RS256")),
        "kid",
        json!("rsa"),
    );
    let ignored = with(ed_header(), "jku", json!("http://169.254.169.254/keys"));
    let typed = with(ed_header(), "typ", json!("Application/AT+JWT"));
    for token in [
        issuer.good(),
        issuer.rsa(&rsa, &claims()),
        issuer.ed(&ignored, &claims()),
        issuer.ed(&typed, &claims()),
        issuer.ed(&ed_header(), &with(claims(), "aud", json!(["x", AUDIENCE]))),
        issuer.ed(&ed_header(), &with(claims(), "exp", json!(NOW_S - 29))),
        issuer.ed(&ed_header(), &with(claims(), "nbf", json!(NOW_S + 30))),
    ] {
        let principal = verifier.verify(&token).unwrap();
        assert_eq!(principal.tenant.as_str(), "demo");
        assert_eq!(principal.actor.as_str(), "ann");
        let roles: Vec<_> = principal.roles.iter().map(|role| role.as_str()).collect();
        assert_eq!(roles, ["trader"]);
    }
}

#[test]
fn known_token_still_expires() {
    let issuer = Issuer::new();
    let (verifier, token) = (issuer.verifier(), issuer.good());
    assert!(verifier.verify(&token).is_ok());
    issuer.clock.set(NOW_S + 300 + 29);
    assert!(verifier.verify(&token).is_ok());
    issuer.clock.set(NOW_S + 300 + 30);
    assert_eq!(verifier.verify(&token), Err(TokenError::Expired));
    // A clock that steps back does not open a window before its start either.
    issuer.clock.set(NOW_S);
    assert!(verifier.verify(&token).is_ok());
    issuer.clock.set(NOW_S - 31);
    assert_eq!(verifier.verify(&token), Err(TokenError::NotYet));
}

#[tokio::test]
async fn token_is_judged_by_the_time_it_was_presented() {
    let issuer = Issuer::new();
    let (verifier, token) = (issuer.verifier(), issuer.good());
    let at = |now_s: i64| Timestamp::from_micros(now_s * 1_000_000);
    issuer.clock.set(NOW_S + 86_400);
    let then = verifier.authenticate_at(&token, at(NOW_S)).await;
    assert_eq!(then.unwrap().actor.as_str(), "ann");
    let late = verifier.authenticate_at(&token, at(NOW_S + 330)).await;
    assert_eq!(late, Err(TokenError::Expired));
    let now = verifier.authenticate(&token).await;
    assert_eq!(now, Err(TokenError::Expired));
}

#[test]
fn key_speaks_for_its_own_issuer_only() {
    let (ours, theirs) = (Issuer::new(), Issuer::new());
    let issuer = |name: Option<&str>, keys: &Issuer| {
        let demands = Demands {
            issuer: name.unwrap_or(ISSUER).to_owned(),
            ..demands()
        };
        http::auth::Issuer::new(demands, mapping(), keys.keys())
    };
    let issuers = vec![issuer(Some("local"), &ours), issuer(None, &theirs)];
    let verifier = Verifier::new(issuers, Revision::default(), Arc::new(ours.clock.clone()));
    assert!(verifier.verify(&theirs.good()).is_ok());
    let posing = theirs.ed(&ed_header(), &with(claims(), "iss", json!("local")));
    assert_eq!(verifier.verify(&posing), Err(TokenError::Signature));
}

/// The envelope of an Ed25519 key around two bytes instead of 32.
const SHORT_ED: [u8; 14] = [
    0x30, 0x0c, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x03, 0x00, 0x01, 0x02,
];

/// The envelope of an RSA key around an empty sequence.
const HOLLOW_RSA: [u8; 22] = [
    0x30, 0x14, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
    0x00, 0x03, 0x03, 0x00, 0x30, 0x00,
];

#[test]
fn pem_of_another_kind_is_refused_at_the_start() {
    let issuer = Issuer::new();
    let private = issuer.ed_pem().replace("PUBLIC KEY", "PRIVATE KEY");
    assert!(TrustedKey::rs256("k", &issuer.ed_pem()).is_err());
    assert!(TrustedKey::rs256("k", &issuer.ec_pem()).is_err());
    assert!(TrustedKey::eddsa("k", &issuer.rsa_pem()).is_err());
    assert!(TrustedKey::eddsa("k", &issuer.ec_pem()).is_err());
    assert!(TrustedKey::eddsa("k", &private).is_err());
    assert!(TrustedKey::eddsa("k", "").is_err());
    assert!(TrustedKey::eddsa("k", &pem("PUBLIC KEY", &SHORT_ED)).is_err());
    assert!(TrustedKey::rs256("k", &pem("PUBLIC KEY", &HOLLOW_RSA)).is_err());
}

/// Sets how many tokens are damaged: by hand a million.
const MUTATIONS: &str = "DEALERBOARD_TEST_TOKEN_MUTATIONS";

/// Damaged tokens: bytes changed, cut, doubled, or of no origin at all.
#[test]
fn no_damaged_token_is_taken_or_panics() {
    let issuer = Issuer::new();
    let (verifier, good) = (issuer.verifier(), issuer.good());
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \"{}";
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let count = std::env::var(MUTATIONS).map_or(20_000, |count| count.parse().unwrap());
    let mut refused = 0;
    for _ in 0..count {
        let mut token = good.clone().into_bytes();
        for _ in 0..=dice.below(3) {
            let place = dice.below(token.len());
            let byte = alphabet[dice.below(alphabet.len())];
            match dice.below(5) {
                0 => token.truncate(place.max(1)),
                1 => token.insert(place, byte),
                2 => drop(token.remove(place)),
                3 => token.extend_from_within(place..),
                _ => token[place] = byte,
            }
            if token.is_empty() {
                token.push(byte);
            }
        }
        let token = String::from_utf8(token).unwrap();
        if token != good {
            assert!(verifier.verify(&token).is_err(), "{token}");
            refused += 1;
        }
    }
    println!("{refused} of {count} mutations changed the token; all were refused");
    assert!(verifier.verify(&good).is_ok());
}

/// Xorshift: the same throws in every run, so that a failure comes back.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

#[test]
fn text_of_no_origin_is_refused() {
    let verifier = Issuer::new().verifier();
    let texts = ".{0,200}|[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,90}){0,4}";
    TestRunner::default()
        .run(&texts, |token| match verifier.verify(&token) {
            Ok(_) => Err(TestCaseError::fail("taken")),
            Err(_) => Ok(()),
        })
        .unwrap();
}
