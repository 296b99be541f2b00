//! The binary `palisade`: configuration, wiring, commands.

fn main() {}
