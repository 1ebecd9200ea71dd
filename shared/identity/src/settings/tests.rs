//! What a configuration of issuers is refused for.

use serde_json::{Value, json};

use super::{IssuerSettings, faults};

fn issuer(change: &Value) -> IssuerSettings {
    let mut issuer = json!({
        "issuer": "https://id.example/realms/desk", "tenant": { "claim": "tenant" },
        "roles": ["realm_access.roles"], "actor_prefix": "kc.",
    });
    let members = change.as_object().unwrap().clone();
    issuer.as_object_mut().unwrap().extend(members);
    serde_json::from_value(issuer).unwrap()
}

#[test]
fn usual_configuration_is_taken() {
    assert_eq!(faults(&[], true), [""; 0]);
    assert_eq!(faults(&[issuer(&json!({}))], true), [""; 0]);
    let alone = issuer(&json!({ "actor_prefix": "", "issuer": "http://127.0.0.1:8080" }));
    assert_eq!(faults(&[alone], false), [""; 0]);
}

fn sign_in(change: &Value) -> Value {
    let mut sign_in = json!({ "name": "desk", "client_id": "desk" });
    let members = change.as_object().unwrap().clone();
    sign_in.as_object_mut().unwrap().extend(members);
    json!({ "sign_in": sign_in })
}

#[test]
fn sign_in_has_a_name_of_its_own_and_says_nothing_that_the_flow_says() {
    let usual = issuer(&sign_in(&json!({
        "title": "The desk", "scopes": ["openid", "profile"],
        "parameters": { "audience": "dealerboard" },
    })));
    assert_eq!(faults(std::slice::from_ref(&usual), true), [""; 0]);
    let wrong = issuer(&sign_in(&json!({
        "name": "local", "title": "", "client_id": "a\nb", "scopes": ["a b"],
        "parameters": { "redirect_uri": "https://evil.example", "scope": "all", "": "x" },
    })));
    let said = faults(&[wrong], true);
    for part in [
        "sign_in.name \"local\" is none for a path",
        "sign_in.title has not",
        "sign_in.client_id has not",
        "sign_in.scopes are not",
        "lack \"openid\"",
        "redirect_uri is the platform's to say",
        "scope is the platform's to say",
        "\"\" is too long or empty",
    ] {
        assert!(
            said.iter().any(|fault| fault.contains(part)),
            "{part}: {said:?}"
        );
    }
    let mut keys = sign_in(&json!({}));
    keys["jwks"] = json!("keys.json");
    let said = faults(&[issuer(&keys)], true);
    assert!(said[0].contains("sign_in needs discovery"), "{said:?}");
    let mut other = sign_in(&json!({}));
    other["issuer"] = json!("https://other.example");
    other["actor_prefix"] = json!("o.");
    let said = faults(&[usual, issuer(&other)], true);
    assert!(
        said[0].contains("sign_in.name is that of another issuer"),
        "{said:?}"
    );
}

#[test]
fn all_faults_are_said_at_once() {
    let wrong = issuer(&json!({
        "issuer": "http://id.example", "audience": "", "algorithms": ["RS256", "HS256", "none"],
        "types": [], "tenant": { "claim": "" }, "actor": ["a..b"], "roles": [], "books": "/",
        "actor_prefix": "a b", "leeway_s": 301, "service": { "claim": ".", "is": "x" },
    }));
    let faults = faults(&[wrong], true);
    for part in [
        "auth.issuers[0].issuer is not https",
        "auth.issuers[0].audience is empty",
        "\"HS256\" is none of RS256, PS256, ES256, EdDSA",
        "\"none\" is none of",
        "types has not 1 to 16 entries",
        "tenant.claim: \"\" is no claim",
        "actor: \"a..b\" is no claim",
        "roles has not 1 to 16 entries",
        "books: \"/\" is no claim",
        "service.claim: \".\" is no claim",
        "actor_prefix \"a b\"",
        "leeway_s is 301, at most 300",
    ] {
        let said = faults.iter().any(|fault| fault.contains(part));
        assert!(said, "{part}: {faults:?}");
    }
}

#[test]
fn addresses_are_safe_or_refused() {
    let said = |change: Value| faults(&[issuer(&change)], true).join("; ");
    for (issuer, why) in [
        ("id.example", "is no address"),
        ("ftp://id.example", "is not https"),
        ("http://10.0.0.1", "is not https"),
        ("https://u:p@id.example", "holds a user"),
        ("dealerboard-local", "is the installation itself"),
        ("", "1 to 512 bytes"),
    ] {
        let said = said(json!({ "issuer": issuer }));
        assert!(said.contains(why), "{issuer}: {said}");
    }
    assert_eq!(said(json!({ "issuer": "desk", "jwks": "keys.json" })), "");
    assert_eq!(
        said(json!({ "issuer": "desk", "jwks": "http://[::1]:1/k" })),
        ""
    );
    assert!(said(json!({ "jwks": "http://id.example/k" })).contains("jwks is not https"));
}

#[test]
fn two_issuers_name_no_actor_alike() {
    let one = issuer(&json!({ "issuer": "https://one.example" }));
    let same = issuer(&json!({ "issuer": "https://two.example" }));
    let other = issuer(&json!({ "issuer": "https://two.example", "actor_prefix": "two." }));
    let elsewhere =
        issuer(&json!({ "issuer": "https://two.example", "tenant": { "fixed": "t2" } }));
    let fixed = issuer(&json!({ "issuer": "https://one.example", "tenant": { "fixed": "t1" } }));
    let bare = issuer(&json!({ "actor_prefix": "" }));
    assert!(faults(&[one.clone(), same], true)[0].contains("must differ from that of https://one"));
    assert_eq!(faults(&[one.clone(), other], true), [""; 0]);
    assert_eq!(faults(&[fixed, elsewhere.clone()], true), [""; 0]);
    assert!(faults(&[one.clone(), elsewhere], true)[0].contains("must differ"));
    assert!(faults(&[bare], true)[0].contains("the installation's own key"));
    assert!(faults(&[one.clone(), one], true)[0].contains("configured twice"));
}

#[test]
fn somebody_must_be_able_to_sign_in() {
    assert!(faults(&[], false)[0].contains("nobody could sign in"));
    let many: Vec<_> = (0..9)
        .map(|n| {
            let issuer_of = format!("https://{n}.example");
            issuer(&json!({ "issuer": issuer_of, "actor_prefix": format!("{n}.") }))
        })
        .collect();
    assert_eq!(
        faults(&many, true),
        ["auth.issuers has 9 entries, at most 8"]
    );
}
