//! The machine on a virtual clock, by events alone.

mod allowance;
mod browser;
mod discovery;
mod field;
mod pace;
mod property;
mod reason;
mod scenario;
mod seen;
mod standard;
