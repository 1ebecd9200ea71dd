//! The guards of each dependency and class of operations, with their numbers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use identity::IssuerSettings;
use resilience::{
    BreakerConfig, BulkheadConfig, Dependency, DependencyConfig, InvalidConfig, Name, RetryBudget,
    RetryConfig, Seams, TokioClock,
};
use uuid::Uuid;

/// What a class of operations should take in health, and how many may be under way.
pub(super) struct Class {
    pub(super) name: Name,
    /// Target for the 99th percentile; thrice this is slow.
    pub(super) p99: Duration,
    pub(super) timeout: Duration,
    pub(super) in_flight_max: u32,
}

impl Class {
    /// Expensive queries of a store: they are few, and each may take its time.
    pub(super) fn expensive(dependency: &'static str) -> Self {
        Self {
            name: Name {
                dependency,
                class: "expensive",
            },
            p99: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
            in_flight_max: 64,
        }
    }
}

impl Class {
    /// What operators ask of letters, logs and checkpoints: they are few, and read a great deal.
    pub(super) fn letters(dependency: &'static str) -> Self {
        Self {
            name: Name {
                dependency,
                class: "letters",
            },
            p99: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
            in_flight_max: 8,
        }
    }

    /// Steps of operations: each waits until its letters are handled.
    pub(super) fn steps(dependency: &'static str) -> Self {
        Self {
            name: Name {
                dependency,
                class: "steps",
            },
            p99: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            in_flight_max: 16,
        }
    }
}

/// Fetching the keys of an issuer, by its place in the configuration: one that is away must not keep
/// those of another from being fetched.
const JWKS: [&str; identity::ISSUERS_MAX] = [
    "fetch", "fetch-2", "fetch-3", "fetch-4", "fetch-5", "fetch-6", "fetch-7", "fetch-8",
];

/// Redeeming codes of browsers at an issuer, likewise.
const SIGN_IN: [&str; identity::ISSUERS_MAX] = [
    "sign-in",
    "sign-in-2",
    "sign-in-3",
    "sign-in-4",
    "sign-in-5",
    "sign-in-6",
    "sign-in-7",
    "sign-in-8",
];

/// Makes guards that share one retry budget, as they share one process.
pub(super) struct Guards {
    budget: Arc<RetryBudget>,
    /// Different in every process, so that a fleet does not come back in step.
    instance: Uuid,
}

impl Guards {
    pub(super) fn new(instance: Uuid) -> Self {
        Self {
            budget: Arc::default(),
            instance,
        }
    }

    /// Those of each issuer.
    pub(super) fn of_issuers(
        &self,
        issuers: &[IssuerSettings],
    ) -> Result<Vec<identity::Guards>, InvalidConfig> {
        let classes = JWKS.iter().zip(&SIGN_IN);
        let guards = classes.zip(issuers).map(|((fetch, sign_in), issuer)| {
            let sign_in = issuer.sign_in.as_ref().map(|_| self.of_sign_in(sign_in));
            Ok(identity::Guards {
                keys: self.of_keys(fetch)?,
                sign_in: sign_in.transpose()?,
            })
        });
        guards.collect()
    }

    fn of_keys(&self, class: &'static str) -> Result<Arc<Dependency>, InvalidConfig> {
        let dependency = "jwks";
        self.of(&Class {
            name: Name { dependency, class },
            p99: Duration::from_secs(1),
            // Two answers and a retry, each of which has a bound of its own.
            timeout: Duration::from_secs(7),
            in_flight_max: 1,
        })
    }

    fn of_sign_in(&self, class: &'static str) -> Result<Arc<Dependency>, InvalidConfig> {
        let dependency = "oidc";
        self.of(&Class {
            name: Name { dependency, class },
            p99: Duration::from_secs(1),
            timeout: Duration::from_secs(4),
            // A morning's desk signs in at once; who floods it waits for itself.
            in_flight_max: 32,
        })
    }

    pub(super) fn of(&self, class: &Class) -> Result<Arc<Dependency>, InvalidConfig> {
        let mut seed = DefaultHasher::new();
        (self.instance, class.name).hash(&mut seed);
        let seams = Seams {
            clock: Arc::new(TokioClock::start()),
            seed: seed.finish(),
            budget: Arc::clone(&self.budget),
        };
        let config = DependencyConfig {
            breaker: BreakerConfig::for_p99(class.p99),
            bulkhead: BulkheadConfig {
                in_flight_max: class.in_flight_max,
                waiting_max: class.in_flight_max.saturating_mul(4),
                wait_max: class.timeout,
            },
            timeout: class.timeout,
            retry: RetryConfig {
                retries_max: 1,
                wait_first: Duration::from_millis(5),
                wait_longest: Duration::from_millis(50),
            },
        };
        Dependency::new(class.name, config, seams).map(Arc::new)
    }
}
