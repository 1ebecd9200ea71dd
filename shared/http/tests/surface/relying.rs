//! ID tokens and logout tokens: what the platform believes as a client of an issuer.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::auth::{Demands, IdToken, LogoutToken, RelyingParty, TokenError};
use serde_json::{Value, json};

use crate::issuer::{ISSUER, Issuer, NOW_S, demands, with};

const CLIENT: &str = "desk";
const NONCE: &str = "n-1";
const ACCESS_TOKEN: &str = "header.claims.signature";

fn relying(issuer: &Issuer) -> RelyingParty {
    let demands = Demands {
        audience: CLIENT.to_owned(),
        ..demands()
    };
    RelyingParty::new(&demands, issuer.keys(), Arc::new(issuer.clock.clone()))
}

fn header(typ: &str) -> Value {
    json!({ "alg": "EdDSA", "typ": typ, "kid": "ed" })
}

fn id_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "ann", "sid": "s1", "nonce": NONCE,
        "iat": NOW_S, "exp": NOW_S + 300,
    })
}

fn logout_claims() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "ann", "sid": "s1", "jti": "j1",
        "iat": NOW_S, "exp": NOW_S + 120,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    })
}

async fn id_token(header: &Value, claims: &Value) -> Result<IdToken, TokenError> {
    let issuer = Issuer::new();
    let token = issuer.ed(header, claims);
    relying(&issuer).id_token(&token, NONCE, ACCESS_TOKEN).await
}

async fn logout_token(header: &Value, claims: &Value) -> Result<LogoutToken, TokenError> {
    let issuer = Issuer::new();
    let token = issuer.ed(header, claims);
    relying(&issuer).logout_token(&token).await
}

#[tokio::test]
async fn id_token_says_who_signed_in() {
    let identity = id_token(&header("JWT"), &id_claims()).await.unwrap();
    let session = Some("s1".to_owned());
    let expected = IdToken {
        subject: "ann".to_owned(),
        session,
        issued_s: NOW_S,
    };
    assert_eq!(identity, expected);
    for (member, value) in [
        ("sid", Value::Null),
        ("azp", json!(CLIENT)),
        ("typ", json!("ID")),
        ("aud", json!([CLIENT])),
        ("at_hash", json!(half(&SHA512))),
    ] {
        let claims = with(id_claims(), member, value);
        assert!(id_token(&header("JWT"), &claims).await.is_ok(), "{member}");
    }
    let untyped = json!({ "alg": "EdDSA", "kid": "ed" });
    assert!(id_token(&untyped, &id_claims()).await.is_ok());
    let several = with(id_claims(), "aud", json!([CLIENT, "other"]));
    let named = with(several, "azp", json!(CLIENT));
    assert!(id_token(&header("JWT"), &named).await.is_ok());
}

#[tokio::test]
async fn id_token_of_anything_else_signs_nobody_in() {
    for (member, value, reason) in [
        ("aud", json!("other"), TokenError::Audience),
        ("aud", json!([CLIENT, "other"]), TokenError::OtherClient),
        ("azp", json!("other"), TokenError::OtherClient),
        ("azp", json!([CLIENT]), TokenError::OtherClient),
        ("iss", json!("https://evil.example"), TokenError::Issuer),
        ("nonce", json!("n-2"), TokenError::Nonce),
        ("nonce", json!([NONCE]), TokenError::Nonce),
        ("nonce", Value::Null, TokenError::Nonce),
        (
            "at_hash",
            json!(half(&SHA256)),
            TokenError::OtherAccessToken,
        ),
        ("at_hash", json!(1), TokenError::OtherAccessToken),
        ("sub", Value::Null, TokenError::Claim("subject")),
        ("sub", json!(""), TokenError::Claim("sub")),
        ("sub", json!("x".repeat(256)), TokenError::Claim("sub")),
        ("sid", json!(7), TokenError::Claim("sid")),
        ("iat", Value::Null, TokenError::Claim("iat")),
        ("exp", Value::Null, TokenError::Claim("exp")),
        ("exp", json!(NOW_S - 31), TokenError::Expired),
        ("nbf", json!(NOW_S + 31), TokenError::NotYet),
        ("typ", json!("Bearer"), TokenError::NotAnIdToken),
        ("events", json!({}), TokenError::NotAnIdToken),
    ] {
        let claims = with(id_claims(), member, value.clone());
        let answer = id_token(&header("JWT"), &claims).await;
        assert_eq!(answer, Err(reason), "{member} {value}");
    }
    for typ in ["at+jwt", "logout+jwt", "application/at+jwt"] {
        let answer = id_token(&header(typ), &id_claims()).await;
        assert_eq!(answer, Err(TokenError::NotAnIdToken), "{typ}");
    }
    let issuer = Issuer::new();
    let foreign = Issuer::new().ed(&header("JWT"), &id_claims());
    let answer = relying(&issuer)
        .id_token(&foreign, NONCE, ACCESS_TOKEN)
        .await;
    assert_eq!(answer, Err(TokenError::Signature));
    let unsigned = issuer.ed(&json!({ "alg": "none", "kid": "ed" }), &id_claims());
    let answer = relying(&issuer)
        .id_token(&unsigned, NONCE, ACCESS_TOKEN)
        .await;
    assert_eq!(answer, Err(TokenError::Algorithm));
}

#[tokio::test]
async fn id_token_signed_by_rsa_has_the_hash_of_its_algorithm() {
    let issuer = Issuer::new();
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "rsa" });
    for (hash, answer) in [
        (half(&SHA256), Ok(())),
        (half(&SHA512), Err(TokenError::OtherAccessToken)),
    ] {
        let token = issuer.rsa(&header, &with(id_claims(), "at_hash", json!(hash)));
        let said = relying(&issuer).id_token(&token, NONCE, ACCESS_TOKEN).await;
        assert_eq!(said.map(|_| ()), answer);
    }
}

#[tokio::test]
async fn logout_token_says_whose_session_is_over() {
    for typ in ["logout+jwt", "JWT", "application/logout+jwt"] {
        let token = logout_token(&header(typ), &logout_claims()).await.unwrap();
        assert_eq!((&*token.id, token.issued_s), ("j1", NOW_S));
        assert_eq!(token.until_s, NOW_S + 120 + 30);
        assert_eq!(token.subject.as_deref(), Some("ann"));
        assert_eq!(token.session.as_deref(), Some("s1"));
    }
    for member in ["sub", "sid"] {
        let claims = with(logout_claims(), member, Value::Null);
        assert!(
            logout_token(&header("logout+jwt"), &claims).await.is_ok(),
            "{member}"
        );
    }
    let keycloak = with(logout_claims(), "typ", json!("Logout"));
    assert!(logout_token(&header("JWT"), &keycloak).await.is_ok());
}

#[tokio::test]
async fn token_that_is_no_notice_ends_nothing() {
    let event = "http://schemas.openid.net/event/backchannel-logout";
    for (member, value, reason) in [
        ("events", Value::Null, TokenError::NotALogoutToken),
        ("events", json!({}), TokenError::NotALogoutToken),
        ("events", json!([event]), TokenError::NotALogoutToken),
        (
            "events",
            json!({ event: true }),
            TokenError::NotALogoutToken,
        ),
        ("nonce", json!("n"), TokenError::NotALogoutToken),
        ("typ", json!("Bearer"), TokenError::NotALogoutToken),
        ("aud", json!("other"), TokenError::Audience),
        ("iss", json!("https://evil.example"), TokenError::Issuer),
        ("jti", Value::Null, TokenError::Claim("id")),
        ("jti", json!(1), TokenError::Claim("jti")),
        ("iat", Value::Null, TokenError::Claim("iat")),
        ("exp", Value::Null, TokenError::Claim("exp")),
        ("exp", json!(NOW_S - 31), TokenError::Expired),
        ("sid", json!(""), TokenError::Claim("sid")),
    ] {
        let claims = with(logout_claims(), member, value.clone());
        let answer = logout_token(&header("logout+jwt"), &claims).await;
        assert_eq!(answer, Err(reason), "{member} {value}");
    }
    let nobody = with(
        with(logout_claims(), "sub", Value::Null),
        "sid",
        Value::Null,
    );
    let answer = logout_token(&header("logout+jwt"), &nobody).await;
    assert_eq!(answer, Err(TokenError::Claim("subject or session")));
    let answer = logout_token(&header("at+jwt"), &logout_claims()).await;
    assert_eq!(answer, Err(TokenError::NotALogoutToken));
    let foreign = Issuer::new().ed(&header("logout+jwt"), &logout_claims());
    let answer = relying(&Issuer::new()).logout_token(&foreign).await;
    assert_eq!(answer, Err(TokenError::Signature));
}

fn half(algorithm: &'static aws_lc_rs::digest::Algorithm) -> String {
    let hash = digest(algorithm, ACCESS_TOKEN.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}
