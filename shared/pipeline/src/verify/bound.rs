//! Every wait of a check is bounded.

use std::time::Duration;

use kernel::Fault;

/// Longest time one question may take: a page of rows, a partition's end, the next records of a log.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// Longest time a look at all rows of a store may take.
const LOOK_WAIT: Duration = Duration::from_secs(60 * 60);

/// The answer to a question; a fault that names it when there is none in time.
pub(super) async fn answer<T, E: From<Fault>>(
    question: impl Fn() -> String,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    within(ANSWER_WAIT, question, asked).await
}

/// As [`answer`], for what looks at everything.
pub(super) async fn look<T>(
    question: impl Fn() -> String,
    asked: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    within(LOOK_WAIT, question, asked).await
}

async fn within<T, E: From<Fault>>(
    wait: Duration,
    question: impl Fn() -> String,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(wait, asked).await {
        Ok(answer) => answer,
        Err(late) => {
            let attempt = format!("{}: no answer within {wait:?}", question());
            Err(Fault::new("verify", attempt, late).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn question_without_an_answer_ends_and_is_named() {
        let never = std::future::pending::<Result<(), Fault>>();
        let fault = answer(|| "read the end of trades/3".to_owned(), never).await;
        let text = fault.unwrap_err().to_string();
        assert!(
            text.contains("read the end of trades/3: no answer"),
            "{text}"
        );
    }
}
