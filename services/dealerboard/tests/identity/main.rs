//! Tokens of real identity providers, as their own programs issue them.

#![cfg(test)]

mod keycloak;
mod local;
mod mock;
mod oidc_provider;
mod provider;
mod rotation;
mod story;
