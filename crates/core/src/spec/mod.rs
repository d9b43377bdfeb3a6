//! Session files: the words of the user.
