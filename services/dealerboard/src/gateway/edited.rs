//! An answer whose body says more than who made it knew.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::web::Bytes;
use serde_json::{Map, Value};

/// The answer, after `edit` has seen its body if that is an object; any other is left as it is.
pub(super) async fn edited(
    response: HttpResponse,
    edit: impl AsyncFnOnce(&mut Map<String, Value>),
) -> HttpResponse {
    let (head, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(body) => return head.set_body(body),
    };
    let body = match serde_json::from_slice(&body) {
        Ok(Value::Object(mut object)) => {
            edit(&mut object).await;
            Bytes::from(Value::Object(object).to_string())
        }
        _ => body,
    };
    head.set_body(BoxBody::new(body))
}
