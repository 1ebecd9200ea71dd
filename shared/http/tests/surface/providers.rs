//! Tokens as identity providers write them, and keys as they publish them.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::web::{self, Data};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::auth::{
    Demands, Found, KeySource, Mapping, Principal, Revision, ServiceRule, Signing, TokenError,
    TrustedKey, find,
};
use kernel::access::SubjectKind;
use serde_json::{Value, json};

use crate::issuer::{AUDIENCE, ISSUER, Issuer, NOW_S, claims, demands, ed_header, mapping, with};

/// As the default configuration reads tokens.
fn usual() -> Mapping {
    let path = |path: &&str| path.parse().unwrap();
    let list = |paths: &[&str]| paths.iter().map(path).collect();
    Mapping {
        actor: list(&["preferred_username", "client_id", "sub"]),
        roles: list(&["realm_access.roles", "groups", "scope"]),
        agent: Some(path(&"agent")),
        books: Some(path(&"books")),
        accounts: Some(path(&"accounts")),
        ceiling: Some(path(&"ceiling")),
        ..mapping()
    }
}

fn read(mapping: Mapping, claims: &Value) -> Result<Principal, TokenError> {
    let issuer = Issuer::new();
    let verifier = issuer.verifier_of(demands(), mapping, issuer.keys());
    verifier.verify(&issuer.ed(&ed_header(), claims))
}

/// A person's token of Keycloak, shortened.
fn keycloak_person() -> Value {
    json!({
        "exp": NOW_S + 300, "iat": NOW_S, "jti": "onrtac:1", "iss": ISSUER, "aud": [AUDIENCE, "account"],
        "sub": "7f0c2a52-3b1e-4c55-9ad9-0d7b5a7b7a11", "typ": "Bearer", "azp": "screens", "sid": "s1",
        "acr": "1", "realm_access": { "roles": ["trader", "offline_access"] },
        "groups": ["/sales", "/Desk West/two words"], "scope": "profile email",
        "preferred_username": "ann", "email": "ann@desk.example", "tenant": "demo",
        "books": ["EQ", "FX"], "accounts": "*", "ceiling": "250000",
    })
}

/// A client's token of Keycloak, shortened.
fn keycloak_service() -> Value {
    json!({
        "exp": NOW_S + 300, "iat": NOW_S, "iss": ISSUER, "aud": AUDIENCE, "typ": "Bearer",
        "sub": "d2f3b9b0-95f6-4f5b-8d63-1f0e4d6b2c22", "azp": "Feeds", "client_id": "Feeds",
        "realm_access": { "roles": ["service"] }, "preferred_username": "service-account-feeds",
        "tenant": "demo",
    })
}

#[test]
fn person_of_keycloak_has_what_the_claims_say() {
    let ann = read(usual(), &keycloak_person()).unwrap();
    assert_eq!(ann.actor.as_str(), "ann");
    assert_eq!(&*ann.name, "7f0c2a52-3b1e-4c55-9ad9-0d7b5a7b7a11");
    assert_eq!(&*ann.issuer, ISSUER);
    assert_eq!((ann.kind, &*ann.agent), (SubjectKind::Person, "ann"));
    let roles: Vec<_> = ann.roles.iter().map(|role| role.as_str()).collect();
    // What no policy can name is left out.
    assert_eq!(
        roles,
        ["email", "offline_access", "profile", "sales", "trader"]
    );
    assert_eq!(ann.books, Some(["EQ".into(), "FX".into()].into()));
    assert_eq!((&ann.accounts, ann.ceiling), (&None, Some(250_000)));
}

#[test]
fn client_of_keycloak_is_a_service() {
    let feeds = read(usual(), &keycloak_service()).unwrap();
    assert_eq!(feeds.kind, SubjectKind::Service);
    assert_eq!(feeds.actor.as_str(), "service-account-feeds");
    // A limit that the configuration asks for and the token does not have is one of nothing.
    assert_eq!((&feeds.books, feeds.ceiling), (&Some([].into()), Some(0)));
}

#[test]
fn program_is_no_name_of_the_person_who_uses_it() {
    // As oidc-provider writes them: the same client, with and without a person.
    let person = with(
        with(claims(), "client_id", json!("web")),
        "scope",
        json!("trader risk"),
    );
    let service = with(person.clone(), "sub", json!("web"));
    let (ann, web) = (
        read(usual(), &person).unwrap(),
        read(usual(), &service).unwrap(),
    );
    assert_eq!((ann.actor.as_str(), ann.kind), ("ann", SubjectKind::Person));
    assert_eq!(
        (web.actor.as_str(), web.kind),
        ("web", SubjectKind::Service)
    );
    // Nobody becomes a service by a name.
    let posing = with(
        keycloak_person(),
        "preferred_username",
        json!("service-account-screens"),
    );
    assert_eq!(read(usual(), &posing).unwrap().kind, SubjectKind::Person);
}

#[test]
fn rule_says_which_tokens_are_services() {
    let rule = ServiceRule {
        claim: "gty".parse().unwrap(),
        is: "client-credentials".to_owned(),
    };
    let mapping = Mapping {
        service: Some(rule),
        ..usual()
    };
    let service = with(claims(), "gty", json!("client-credentials"));
    assert_eq!(
        read(mapping.clone(), &service).unwrap().kind,
        SubjectKind::Service
    );
    assert_eq!(read(mapping, &claims()).unwrap().kind, SubjectKind::Person);
}

#[test]
fn names_of_two_issuers_are_disjoint() {
    let of = |prefix: &str, foreign: &str| Mapping {
        actor_prefix: prefix.to_owned(),
        foreign_prefixes: vec![foreign.to_owned()],
        ..mapping()
    };
    let named = |name: &str| with(claims(), "sub", json!(name));
    let actor = |mapping, name| read(mapping, &named(name)).map(|who| who.actor.to_string());
    assert_eq!(actor(of("kc.", "kc.x."), "ann"), Ok("kc.ann".to_owned()));
    assert_eq!(
        actor(of("kc.", "kc.x."), "x.ann"),
        Err(TokenError::ForeignName)
    );
    assert_eq!(actor(of("", "kc."), "kc.ann"), Err(TokenError::ForeignName));
    assert_eq!(actor(of("kc.", "x."), ""), Err(TokenError::Claim("actor")));
    // No prefix leads to a name of the platform's own.
    assert_eq!(
        actor(of("venue:", "x."), "nyse"),
        Err(TokenError::Claim("actor"))
    );
}

#[test]
fn limits_of_a_wrong_form_are_refused_rather_than_left_out() {
    for (name, value) in [
        ("books", json!({})),
        ("books", json!(["EQ", 1])),
        ("books", json!([""])),
        ("accounts", json!("a\nb")),
        ("ceiling", json!(-1)),
        ("ceiling", json!(1.5)),
        ("ceiling", json!("a lot")),
        ("agent", json!(["ann"])),
        ("agent", json!("")),
    ] {
        let refused = read(usual(), &with(claims(), name, value.clone()));
        assert_eq!(refused, Err(TokenError::Claim(name)), "{name} {value}");
    }
    let books: Vec<_> = (0..257).map(|n| format!("b{n}")).collect();
    let refused = read(usual(), &with(claims(), "books", json!(books)));
    assert_eq!(refused, Err(TokenError::TooMany("books", 256)));
}

#[test]
fn times_are_looked_at_where_a_provider_sends_them() {
    let without = |names: &[&str]| {
        let claims = names
            .iter()
            .fold(claims(), |claims, name| with(claims, name, json!(null)));
        read(mapping(), &claims).map(|_| ())
    };
    assert_eq!(without(&["nbf"]), Ok(()));
    assert_eq!(without(&["nbf", "iat"]), Ok(()));
    let late = with(with(claims(), "iat", json!(null)), "nbf", json!(null));
    let late = with(late, "exp", json!(NOW_S + 86_400 + 31));
    assert_eq!(read(mapping(), &late), Err(TokenError::NotYet));
}

#[test]
fn token_without_a_type_is_taken_only_if_that_is_listed() {
    let issuer = Issuer::new();
    let token = issuer.ed(&with(ed_header(), "typ", json!(null)), &claims());
    let taken = |types: &[&str]| {
        let demands = Demands {
            types: types.iter().map(|typ| (*typ).to_owned()).collect(),
            ..demands()
        };
        issuer
            .verifier_of(demands, mapping(), issuer.keys())
            .verify(&token)
    };
    assert_eq!(taken(&["at+jwt", "JWT"]), Err(TokenError::NotAnAccessToken));
    assert!(taken(&["at+jwt", ""]).is_ok());
}

fn jwk(key: Value) -> Result<TrustedKey, String> {
    let jwk = serde_json::from_value(key).map_err(|error| error.to_string())?;
    TrustedKey::of_jwk(&jwk, &Signing::ALL).map_err(|error| error.to_string())
}

#[test]
fn published_keys_are_used_for_what_they_are() {
    let issuer = Issuer::new();
    for (kid, header, key) in [
        ("ed", ed_header(), issuer.ed_jwk()),
        (
            "ec",
            with(ed_header(), "alg", json!("ES256")),
            issuer.ec_jwk(),
        ),
        (
            "rsa",
            with(ed_header(), "alg", json!("RS256")),
            issuer.rsa_jwk(),
        ),
        (
            "rsa",
            with(ed_header(), "alg", json!("PS256")),
            issuer.rsa_jwk(),
        ),
    ] {
        let keys = Arc::new(vec![jwk(with(key, "kid", json!(kid))).unwrap()]);
        let demands = Demands {
            algorithms: Signing::ALL.to_vec(),
            ..demands()
        };
        let verifier = issuer.verifier_of(demands, mapping(), keys);
        let header = with(header, "kid", json!(kid));
        let token = match header["alg"].as_str().unwrap() {
            "EdDSA" => issuer.ed(&header, &claims()),
            "ES256" => issuer.ec(&header, &claims()),
            "RS256" => issuer.rsa(&header, &claims()),
            _ => issuer.rsa_pss(&header, &claims()),
        };
        assert!(verifier.verify(&token).is_ok(), "{header}");
    }
}

#[test]
fn key_that_is_for_something_else_verifies_nothing() {
    let issuer = Issuer::new();
    let rsa = || with(issuer.rsa_jwk(), "kid", json!("k"));
    let short = with(rsa(), "n", json!("yw".repeat(80)));
    for (key, why) in [
        (with(rsa(), "kid", json!(null)), "without a kid"),
        (with(rsa(), "use", json!("enc")), "not for signatures"),
        (
            with(rsa(), "key_ops", json!(["encrypt"])),
            "not for signatures",
        ),
        (with(rsa(), "alg", json!("RSA-OAEP")), "no algorithm"),
        (with(rsa(), "alg", json!("RS512")), "no algorithm"),
        (with(rsa(), "alg", json!("ES256")), "no algorithm"),
        (short, "2048"),
        (with(rsa(), "n", json!("!")), "damaged"),
        (
            json!({ "kty": "oct", "kid": "k", "k": "c2VjcmV0" }),
            "no kind",
        ),
        (
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "AAAA" }),
            "damaged",
        ),
        (
            json!({ "kty": "EC", "crv": "P-384", "kid": "k", "x": "AA", "y": "AA" }),
            "no kind",
        ),
        (
            json!({ "kty": "EC", "crv": "P-256", "kid": "k", "x": "AA", "y": "AA" }),
            "damaged",
        ),
        (json!({ "kty": "AKP", "kid": "k" }), "no kind"),
    ] {
        let Err(error) = jwk(key.clone()) else {
            panic!("{key} is used");
        };
        assert!(error.contains(why), "{key}: {error}");
    }
}

/// Keys that come while a request waits.
struct Coming {
    keys: Mutex<Vec<TrustedKey>>,
    next: Mutex<Vec<TrustedKey>>,
    asked: AtomicU32,
    away: AtomicBool,
}

struct Source(Arc<Coming>);

impl KeySource for Source {
    fn find(&self, kid: &str, signing: Signing) -> Found {
        find(&self.0.keys.lock().unwrap(), kid, signing)
    }

    fn renewal(&self) -> Option<BoxFuture<'static, ()>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let coming = Arc::clone(&self.0);
        let renew = async move {
            let next = std::mem::take(&mut *coming.next.lock().unwrap());
            coming.keys.lock().unwrap().extend(next);
        };
        Some(renew.boxed())
    }

    fn is_away(&self) -> bool {
        self.0.away.load(Ordering::SeqCst)
    }
}

#[actix_web::test]
async fn request_waits_for_the_keys_of_its_issuer() {
    let issuer = Issuer::new();
    let coming = Arc::new(Coming {
        keys: Mutex::default(),
        next: Mutex::new(issuer.keys().to_vec()),
        asked: AtomicU32::new(0),
        away: AtomicBool::new(false),
    });
    let source = Arc::new(Source(Arc::clone(&coming)));
    let verifier = Data::new(issuer.verifier_of(demands(), mapping(), source));
    let app = init_service(App::new().app_data(verifier).route(
        "/",
        web::get().to(|who: Principal| async move { who.actor.to_string() }),
    ))
    .await;
    let answer = async |token: String| {
        let request = TestRequest::get().insert_header((AUTHORIZATION, format!("Bearer {token}")));
        call_service(&app, request.to_request()).await
    };
    assert_eq!(answer(issuer.good()).await.status(), StatusCode::OK);
    assert_eq!(coming.asked.load(Ordering::SeqCst), 1);
    // Whatever is wrong with any key makes nobody ask.
    for (header, body) in [
        (with(ed_header(), "alg", json!("ES256")), claims()),
        (with(ed_header(), "alg", json!("RS256")), claims()),
        (with(ed_header(), "typ", json!("JWT")), claims()),
        (with(ed_header(), "kid", json!(null)), claims()),
        (ed_header(), with(claims(), "nonce", json!("n"))),
        (
            ed_header(),
            with(claims(), "iss", json!("https://other.example")),
        ),
    ] {
        let status = answer(issuer.ed(&header, &body)).await.status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{header} {body}");
    }
    assert_eq!(coming.asked.load(Ordering::SeqCst), 1);
    let unknown = || issuer.ed(&with(ed_header(), "kid", json!("new")), &claims());
    assert_eq!(answer(unknown()).await.status(), StatusCode::UNAUTHORIZED);
    coming.away.store(true, Ordering::SeqCst);
    let response = answer(unknown()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let problem: Value = read_body_json(response).await;
    assert_eq!(problem["code"], "DEPENDENCY_UNAVAILABLE");
}

#[test]
fn known_token_is_proven_again_once_a_key_is_no_longer_trusted() {
    let issuer = Issuer::new();
    let coming = Arc::new(Coming {
        keys: Mutex::new(issuer.keys().to_vec()),
        next: Mutex::default(),
        asked: AtomicU32::new(0),
        away: AtomicBool::new(false),
    });
    let source = Arc::new(Source(Arc::clone(&coming)));
    let of = http::auth::Issuer::new(demands(), mapping(), source);
    let (revision, clock) = (Revision::default(), Arc::new(issuer.clock.clone()));
    let verifier = http::auth::Verifier::new(vec![of], revision.clone(), clock);
    let token = issuer.good();
    assert!(verifier.verify(&token).is_ok());
    coming.keys.lock().unwrap().clear();
    assert!(verifier.verify(&token).is_ok(), "known");
    revision.advance();
    assert_eq!(verifier.verify(&token), Err(TokenError::UnknownKey));
}
