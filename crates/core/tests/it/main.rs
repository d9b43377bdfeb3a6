//! Sessions, and what is planned for them, against recordings and golden files.

mod docker;
mod examples;
mod fields;
mod native;
mod operator;
mod process;
mod spec;
