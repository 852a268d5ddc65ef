mod document;
mod file;
mod journal;
mod scene;
