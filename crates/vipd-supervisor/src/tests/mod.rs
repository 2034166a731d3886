//! The supervisor against workers that are values too: no process, no file, no sleep.

mod cases;
mod handover;
mod machine;
mod property;
mod scripts;
mod undo;
mod upgrade;
