//! The machine on a virtual clock, by events alone.

mod browser;
mod pace;
mod property;
mod reason;
mod scenario;
mod standard;
