//! The entry for libFuzzer: runs the target named by `PALISADE_FUZZ_TARGET`, or lists all.
//!
//! One program holds all targets, so that they are built once. Arguments are libFuzzer's own.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use palisade_fuzz::{Target, target, targets};

const VARIABLE: &str = "PALISADE_FUZZ_TARGET";

/// The chosen target; without one, prints the names and ends the program.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]
fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var(VARIABLE).unwrap_or_default();
        target(&name).unwrap_or_else(|| {
            if !name.is_empty() {
                eprintln!("{VARIABLE} names no target: {name}");
                std::process::exit(2);
            }
            for target in targets() {
                println!("{}", target.name);
            }
            std::process::exit(0)
        })
    })
}

fuzz_target!(init: { chosen(); }, |bytes: &[u8]| (chosen().run)(bytes));
