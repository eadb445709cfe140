#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod answer;
mod arguments;
mod ask;
mod audit;
mod aws;
mod bus;
mod clock;
mod cmd;
mod config;
mod console;
mod counted;
mod error;
mod exit;
mod find;
mod functions;
mod live;
mod moment;
mod order;
mod outlook;
mod queues;
mod requester;
mod rotation;
mod run;
mod table;
#[cfg(test)]
mod testing;
mod view;
mod world;

pub use run::main;
