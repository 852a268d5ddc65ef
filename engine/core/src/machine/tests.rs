//! The machine on a virtual clock, by events alone.

mod browser;
mod pace;
mod property;
mod scenario;
mod standard;
