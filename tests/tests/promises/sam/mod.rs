//! SAM CLI itself: what it has built from the templates, deploys to the local cloud and invokes in Docker.

mod built;
mod cli;
mod deploy;
mod functions;
mod local_invoke;
mod prod;
