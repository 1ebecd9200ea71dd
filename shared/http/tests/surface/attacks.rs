//! Tokens that must open nothing.

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::from_fn;
use actix_web::test::{
    TestRequest, call_and_read_body, call_service, init_service, read_body_json,
};
use actix_web::web::{self, Data};
use http::auth::{Principal, TokenError};
use http::edge::edge;
use serde_json::{Value, json};

use crate::issuer::{ISSUER, Issuer, NOW_S, claims, ed_header, hmac, signed, with};

type Attack = (&'static str, String, TokenError);

#[actix_web::test]
async fn every_attack_is_answered_401() {
    let issuer = Issuer::new();
    let mut attacks = algorithm_attacks(&issuer);
    attacks.extend(header_attacks(&issuer));
    attacks.extend(claim_attacks(&issuer));
    attacks.extend(shape_attacks(&issuer));
    let verifier = Data::new(issuer.verifier());
    let app = init_service(
        App::new()
            .wrap(from_fn(edge))
            .app_data(verifier.clone())
            .route(
                "/",
                web::get().to(|who: Principal| async move { who.actor.to_string() }),
            ),
    )
    .await;
    for (attack, token, reason) in attacks {
        assert_eq!(verifier.verify(&token), Err(reason), "{attack}");
        let request = TestRequest::get()
            .insert_header((AUTHORIZATION, format!("Bearer {token}")))
            .to_request();
        let response = call_service(&app, request).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{attack}");
        assert_eq!(
            response.headers().get("www-authenticate").unwrap(),
            "Bearer error=\"invalid_token\""
        );
        let problem: Value = read_body_json(response).await;
        assert_eq!(problem["code"], "TOKEN_INVALID", "{attack}");
        assert_eq!(problem["detail"], reason.to_string(), "{attack}");
    }
    // The same app with a good token: what is refused above is not refused for another reason.
    let request = TestRequest::get()
        .insert_header((AUTHORIZATION, format!("Bearer {}", issuer.good())))
        .to_request();
    assert_eq!(call_and_read_body(&app, request).await, "ann");
}

fn algorithm_attacks(issuer: &Issuer) -> Vec<Attack> {
    let ed = |alg: &str| with(ed_header(), "alg", json!(alg));
    let rsa = |alg: &str| with(ed(alg), "kid", json!("rsa"));
    let pem = issuer.rsa_pem();
    let stripped = |header: &Value| signed(&header.to_string(), &claims().to_string(), |_| vec![]);
    vec![
        (
            "alg none, no signature",
            stripped(&ed("none")),
            TokenError::Malformed,
        ),
        (
            "alg none, signed",
            issuer.ed(&ed("none"), &claims()),
            TokenError::Algorithm,
        ),
        (
            "alg nOnE, signed",
            issuer.ed(&ed("nOnE"), &claims()),
            TokenError::Algorithm,
        ),
        (
            "HS256 with the RSA public PEM",
            hmac(pem.as_bytes(), &rsa("HS256"), &claims()),
            TokenError::Algorithm,
        ),
        (
            "HS256 with the RSA public PEM, said to be RS256",
            hmac(pem.as_bytes(), &rsa("RS256"), &claims()),
            TokenError::Signature,
        ),
        (
            "RSA key, alg EdDSA",
            issuer.rsa(&rsa("EdDSA"), &claims()),
            TokenError::Algorithm,
        ),
        (
            "RSA signature, Ed key",
            issuer.rsa(&ed("EdDSA"), &claims()),
            TokenError::Signature,
        ),
        (
            "RS512 under the RS256 key",
            issuer.rsa(&rsa("RS512"), &claims()),
            TokenError::Algorithm,
        ),
        (
            "PS256 under the RS256 key",
            issuer.rsa(&rsa("PS256"), &claims()),
            TokenError::Algorithm,
        ),
        (
            "ES256 under the Ed key",
            issuer.ec(&ed("ES256"), &claims()),
            TokenError::Algorithm,
        ),
        (
            "ES256 under its own key",
            issuer.ec(&with(ed("ES256"), "kid", json!("ec")), &claims()),
            TokenError::Algorithm,
        ),
        (
            "no alg",
            issuer.ed(&with(ed_header(), "alg", json!(null)), &claims()),
            TokenError::Algorithm,
        ),
    ]
}

fn header_attacks(issuer: &Issuer) -> Vec<Attack> {
    let stranger = Issuer::new();
    let header = |name: &str, value: Value| issuer.ed(&with(ed_header(), name, value), &claims());
    let mut fetched = ed_header();
    fetched["jku"] = json!("http://169.254.169.254/keys");
    fetched["x5u"] = json!("http://169.254.169.254/cert");
    fetched["jwk"] = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA" });
    let texts = |header: &str| issuer.ed_texts(header, &claims().to_string());
    vec![
        ("crit", header("crit", json!(["exp"])), TokenError::Critical),
        (
            "crit, empty",
            header("crit", json!([])),
            TokenError::Critical,
        ),
        (
            "crit null",
            texts(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"ed","crit":null}"#),
            TokenError::Critical,
        ),
        (
            "two algs",
            texts(r#"{"alg":"none","typ":"at+jwt","kid":"ed","alg":"EdDSA"}"#),
            TokenError::Malformed,
        ),
        (
            "ID token",
            header("typ", json!("JWT")),
            TokenError::NotAnAccessToken,
        ),
        (
            "no typ",
            header("typ", json!(null)),
            TokenError::NotAnAccessToken,
        ),
        (
            "typ of another form",
            header("typ", json!(["at+jwt"])),
            TokenError::NotAnAccessToken,
        ),
        ("no kid", header("kid", json!(null)), TokenError::UnknownKey),
        (
            "unknown kid",
            header("kid", json!("../../ed")),
            TokenError::UnknownKey,
        ),
        (
            "kid of another form",
            header("kid", json!(1)),
            TokenError::UnknownKey,
        ),
        ("header is a list", texts("[]"), TokenError::Malformed),
        (
            "signed by a stranger",
            stranger.good(),
            TokenError::Signature,
        ),
        (
            "key by jku, x5u, jwk",
            stranger.ed(&fetched, &claims()),
            TokenError::Signature,
        ),
    ]
}

fn claim_attacks(issuer: &Issuer) -> Vec<Attack> {
    let claim = |name: &str, value: Value| issuer.ed(&ed_header(), &with(claims(), name, value));
    let mut attacks = Vec::new();
    let needed = [
        ("iss", "issuer"),
        ("aud", "audience"),
        ("sub", "actor"),
        ("exp", "exp"),
        ("tenant", "tenant"),
    ];
    for (name, property) in needed {
        attacks.push((name, claim(name, json!(null)), TokenError::Claim(property)));
    }
    let optional = [("nbf", "nbf"), ("iat", "iat"), ("roles", "roles")];
    for (name, property) in needed.into_iter().chain(optional) {
        let token = claim(name, json!({}));
        attacks.push((name, token, TokenError::Claim(property)));
    }
    for name in ["nonce", "at_hash", "c_hash", "events"] {
        attacks.push((name, claim(name, json!("x")), TokenError::NotAnAccessToken));
    }
    for typ in [json!("ID"), json!("Refresh"), json!("Logout"), json!(1)] {
        let token = claim("typ", typ);
        attacks.push(("typ in the body", token, TokenError::NotAnAccessToken));
    }
    attacks.push((
        "bound to a key",
        claim("cnf", json!({ "jkt": "x" })),
        TokenError::Bound,
    ));
    let long = || {
        issuer.ed_texts(
            &ed_header().to_string(),
            &with(claims(), "long", json!({ "exp": NOW_S + 86_400 })).to_string(),
        )
    };
    assert_eq!(
        issuer.verifier().verify(&long()).map(|_| ()),
        Ok(()),
        "others are ignored"
    );
    attacks.extend([
        (
            "other issuer",
            claim("iss", json!("https://evil.example")),
            TokenError::Issuer,
        ),
        (
            "list of issuers",
            claim("iss", json!([ISSUER, "x"])),
            TokenError::Claim("issuer"),
        ),
        (
            "other audience",
            claim("aud", json!("other")),
            TokenError::Audience,
        ),
        (
            "other audiences",
            claim("aud", json!(["other", "Dealerboard"])),
            TokenError::Audience,
        ),
        (
            "no audiences",
            claim("aud", json!([])),
            TokenError::Audience,
        ),
        (
            "expired by 31 s",
            claim("exp", json!(NOW_S - 31)),
            TokenError::Expired,
        ),
        (
            "expired by 30 s",
            claim("exp", json!(NOW_S - 30)),
            TokenError::Expired,
        ),
        (
            "expired before the epoch",
            claim("exp", json!(-1)),
            TokenError::Claim("exp"),
        ),
        (
            "exp with a fraction",
            claim("exp", json!(1_800_000_300.5)),
            TokenError::Claim("exp"),
        ),
        (
            "exp as text",
            claim("exp", json!("1800000300")),
            TokenError::Claim("exp"),
        ),
        (
            "exp beyond 64 bits",
            claim("exp", json!(1e300)),
            TokenError::Claim("exp"),
        ),
        (
            "never expires",
            claim("exp", json!(i64::MAX)),
            TokenError::Lifetime,
        ),
        (
            "lives a day and a second",
            claim("exp", json!(NOW_S + 86_401)),
            TokenError::Lifetime,
        ),
        (
            "nbf in 31 s",
            claim("nbf", json!(NOW_S + 31)),
            TokenError::NotYet,
        ),
        (
            "iat in 31 s",
            claim("iat", json!(NOW_S + 31)),
            TokenError::NotYet,
        ),
        (
            "tenant with a slash",
            claim("tenant", json!("demo/x")),
            TokenError::Claim("tenant"),
        ),
        (
            "empty tenant",
            claim("tenant", json!("")),
            TokenError::Claim("tenant"),
        ),
        (
            "tenants",
            claim("tenant", json!(["demo"])),
            TokenError::Claim("tenant"),
        ),
        (
            "sub with a line break",
            claim("sub", json!("ann\nroot")),
            TokenError::Claim("actor"),
        ),
        (
            "roles of numbers",
            claim("roles", json!(["trader", 1])),
            TokenError::Claim("roles"),
        ),
        (
            "33 roles",
            claim(
                "roles",
                json!((0..33).map(|n| format!("r{n}")).collect::<Vec<_>>()),
            ),
            TokenError::TooMany("roles", 32),
        ),
        (
            "10 KB claim",
            claim("note", json!("x".repeat(10_240))),
            TokenError::TooLong,
        ),
        (
            "two tenants",
            issuer.ed_texts(
                &ed_header().to_string(),
                &claims()
                    .to_string()
                    .replacen('{', r#"{"tenant":"other","#, 1),
            ),
            TokenError::Malformed,
        ),
        (
            "two of a claim that is never read",
            issuer.ed_texts(
                &ed_header().to_string(),
                &claims().to_string().replacen('{', r#"{"x":1,"x":2,"#, 1),
            ),
            TokenError::Malformed,
        ),
    ]);
    attacks
}

fn shape_attacks(issuer: &Issuer) -> Vec<Attack> {
    let good = issuer.good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let other = issuer.ed(&ed_header(), &with(claims(), "tenant", json!("other")));
    let other_payload = other.split('.').nth(1).unwrap();
    vec![
        ("nothing", String::new(), TokenError::Malformed),
        ("dots", "..".to_owned(), TokenError::Malformed),
        ("no signature", message.to_owned(), TokenError::Malformed),
        (
            "empty signature",
            format!("{message}."),
            TokenError::Malformed,
        ),
        (
            "extra signature",
            format!("{good}.{signature}"),
            TokenError::Malformed,
        ),
        (
            "signature in front",
            format!("{signature}.{good}"),
            TokenError::Malformed,
        ),
        (
            "half a signature",
            format!("{message}.{}", &signature[..40]),
            TokenError::Signature,
        ),
        (
            "signature twice",
            format!("{message}.{signature}{signature}"),
            TokenError::Signature,
        ),
        (
            "padded signature",
            format!("{good}=="),
            TokenError::Malformed,
        ),
        (
            "standard base64",
            format!("{message}.+{}", &signature[1..]),
            TokenError::Malformed,
        ),
        (
            "payload of another",
            format!("{header}.{other_payload}.{signature}"),
            TokenError::Signature,
        ),
        (
            "no payload",
            format!("{header}..{signature}"),
            TokenError::Malformed,
        ),
        (
            "space inside",
            format!("{header}. {payload}.{signature}"),
            TokenError::Malformed,
        ),
    ]
}
