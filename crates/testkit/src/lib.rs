//! What the tests of Nutkin share.
