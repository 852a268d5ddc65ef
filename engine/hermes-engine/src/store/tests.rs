mod committer;
mod conformance;
mod document;
mod file;
mod journal;
mod ready;
mod scene;
