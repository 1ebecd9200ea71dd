//! An answer whose body says more than who made it knew.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::web::Bytes;
use serde_json::{Map, Value, json};

/// The answer, after `edit` has seen its body if that is an object; any other is left as it is.
pub async fn edited(
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

/// The answer of a success, with a warning.
pub(crate) async fn warned(response: HttpResponse, warning: String) -> HttpResponse {
    if !response.status().is_success() {
        return response;
    }
    edited(response, async |body| {
        body.insert("warnings".to_owned(), json!([warning]));
    })
    .await
}
