//! Replays the seeds of every target, each as it is and spoilt in many places. Among them is every
//! input that once was a finding. New inputs are made by `./test fuzz`.

use std::fs;
use std::path::{Path, PathBuf};

use palisade_fuzz::{Target, targets};

/// How often each seed is spoilt.
const SPOILT: u32 = 64;

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name)
}

fn seeds(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(directory(target.name))
        .unwrap_or_else(|error| panic!("{} has no seeds: {error}", target.name));
    let mut seeds: Vec<(PathBuf, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("the folder can be read").path();
            let bytes = fs::read(&path).expect("a seed can be read");
            (path, bytes)
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    seeds
}

/// A small generator of numbers: the same every time.
struct Numbers(u32);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(self.0 >> 8).unwrap_or_default() % end.max(1)
    }
}

/// A byte changed, taken out or doubled, or the rest cut off, a few times over.
fn spoil(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const BYTES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'%', b'9'];
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        if bytes.is_empty() {
            break;
        }
        match numbers.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, bytes[at]),
            3 => bytes[at] ^= 1 << numbers.below(8),
            _ => bytes[at] = BYTES[numbers.below(BYTES.len())],
        }
    }
    bytes
}

#[test]
fn every_seed_is_survived_whole_and_spoilt() {
    for target in targets() {
        for (path, seed) in seeds(&target) {
            println!("{}", path.display());
            (target.run)(&seed);
            let mut numbers = Numbers(7);
            for _ in 0..SPOILT {
                (target.run)(&spoil(&seed, &mut numbers));
            }
        }
    }
}

#[test]
fn every_folder_of_seeds_belongs_to_a_target() {
    let names: Vec<&str> = targets().iter().map(|target| target.name).collect();
    for entry in fs::read_dir(directory("")).expect("the folder of seeds") {
        let name = entry.expect("the folder can be read").file_name();
        assert!(names.iter().any(|known| name == *known), "{} belongs to no target", name.display());
    }
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "names are sorted and given once");
}
