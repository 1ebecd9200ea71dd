//! What a connection is given when it is accepted.

use std::any::Any;

use actix_web::dev::Extensions;

use crate::auth::remember;

/// How long a client may leave what it was sent unacknowledged, or its window shut, milliseconds. A client
/// that vanished without a word would hold its connection for a quarter of an hour, and one that stopped
/// reading for ever.
#[cfg(target_os = "linux")]
const UNREAD_MAX_MS: u32 = 30_000;

/// For `HttpServer::on_connect`.
pub fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    remember(connection, data);
    #[cfg(target_os = "linux")]
    bounded(connection);
}

#[cfg(target_os = "linux")]
fn bounded(connection: &dyn Any) {
    let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else {
        return;
    };
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, UNREAD_MAX_MS) {
        let error = &error as &dyn std::error::Error;
        tracing::debug!(error, "a client may leave answers unread for longer");
    }
}
