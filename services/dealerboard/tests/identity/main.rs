//! Tokens of real identity providers, as their own programs issue them.

#![cfg(test)]

mod answers;
mod chromium;
mod device;
mod keycloak;
mod local;
mod mock;
mod oidc_provider;
mod provider;
mod rotation;
mod sign_in;
mod story;
