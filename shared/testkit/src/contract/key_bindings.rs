//! What every store of callers' keys does, whatever it is made of.

use kernel::port::{KeyBindings, RequestDigest};

/// Runs the suite. Each call of `make` gives a store without bindings.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn key_bindings<B: KeyBindings>(make: impl AsyncFn() -> B) {
    key_stays_bound_to_its_first_request(&make().await).await;
    keys_of_tenants_are_their_own(&make().await).await;
    one_of_two_requests_at_once_is_the_first_for_both(&make().await).await;
}

async fn key_stays_bound_to_its_first_request(bindings: &impl KeyBindings) {
    let largest = u128::MAX;
    assert_eq!(bind(bindings, "demo", "k 1", largest).await, largest);
    assert_eq!(bind(bindings, "demo", "k 1", 2).await, largest);
    assert_eq!(bind(bindings, "demo", "k 2", 2).await, 2);
    assert_eq!(bind(bindings, "demo", "k 1", largest).await, largest);
}

async fn keys_of_tenants_are_their_own(bindings: &impl KeyBindings) {
    for (tenant, request) in [("demo", 1), ("acme", 2), ("dem", 3)] {
        assert_eq!(bind(bindings, tenant, "o/k", request).await, request);
    }
    assert_eq!(bind(bindings, "demo", "o/k", 9).await, 1);
}

async fn one_of_two_requests_at_once_is_the_first_for_both(bindings: &impl KeyBindings) {
    for n in 0..50 {
        let key = format!("key-{n}");
        let (one, other) = tokio::join!(
            bind(bindings, "demo", &key, 1),
            bind(bindings, "demo", &key, 2)
        );
        assert_eq!(one, other, "{key}");
    }
}

async fn bind(bindings: &impl KeyBindings, tenant: &str, key: &str, request: u128) -> u128 {
    let (tenant, key) = (tenant.parse(), key.parse());
    let (tenant, key) = (tenant.expect("a tenant"), key.expect("a key"));
    let bound = bindings.bind(&tenant, &key, RequestDigest(request)).await;
    bound.expect("an answer").0
}
