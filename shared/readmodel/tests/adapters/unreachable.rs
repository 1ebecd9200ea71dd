//! Servers that do not run.

use std::error::Error;
use std::io;
use std::sync::Arc;

use kernel::Fault;
use kernel::port::{ReadModel, ViewId};
use readmodel::{PostgresReadModel, RedisOptions, RedisReadModel};

const VIEW: ViewId = ViewId {
    name: "unreachable",
    version: 1,
};

/// Whether a refused connection is what a fault comes from, rather than a wait that ran out.
fn is_refused(fault: &Fault) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = fault.source.as_deref().map(|cause| cause as _);
    while let Some(error) = cause {
        let text = error.to_string().to_lowercase();
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if kind == Some(io::ErrorKind::ConnectionRefused) || text.contains("connection refused") {
            return true;
        }
        cause = error.source();
    }
    false
}

#[tokio::test]
async fn first_reader_of_a_server_that_does_not_run_is_refused_rather_than_kept_waiting() {
    let url = "postgres://127.0.0.1:1/none";
    let postgres = Arc::new(PostgresReadModel::connect(url, 4).unwrap());
    let redis =
        Arc::new(RedisReadModel::new(&RedisOptions::new("redis://127.0.0.1:1", "x:", 4)).unwrap());
    let models: [Arc<dyn ReadModel>; 2] = [postgres, redis];
    for model in models {
        let fault = model.get(VIEW, &["demo/T-1".into()]).await.unwrap_err();
        assert!(is_refused(&fault), "{fault:?}");
    }
}
