//! Checks of whole files of this repository.

mod examples;
