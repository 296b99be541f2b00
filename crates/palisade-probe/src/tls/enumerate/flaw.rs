//! Flaws that show in what a server does after its first flight: which to try, and what the answers
//! come to.
//!
//! Each trial is one connection, but for the padding of RSA secrets: five, and five more to confirm
//! a difference, so that a slow moment is not taken for a flaw.

use num_bigint::BigUint;

use super::ask::{Ask, Question};
use crate::tls::suite::describe_suite;
use crate::tls::trial::{self, PADDINGS};
use crate::tls::{Alert, Reaction, Version};

/// What is said after the flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trial {
    Heartbeat,
    EarlyCipherChange,
    Padding { key: Box<(BigUint, BigUint)>, padding: usize, random: [u8; 32], again: bool },
}

impl Trial {
    pub(super) fn to_bytes(&self, version: Version) -> Vec<u8> {
        match self {
            Self::Heartbeat => trial::short_heartbeat(version),
            Self::EarlyCipherChange => trial::early_cipher_change(version),
            Self::Padding { key, padding, random, .. } => {
                trial::wrapped_secret(version, key, *padding, *random)
            }
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Flaws {
    pub(super) heartbleed: Option<bool>,
    pub(super) early_cipher_change: Option<bool>,
    pub(super) rsa_padding_oracle: Option<bool>,
    /// How each padding was answered, first and again.
    reactions: [[Option<Reaction>; PADDINGS]; 2],
}

/// Where to try: the newest version with keys that can be tried, and what it accepts.
pub(super) struct Ground<'a> {
    pub(super) version: Version,
    pub(super) suites: &'a [u16],
    pub(super) heartbeat: bool,
    /// Every chain seen, DER.
    pub(super) chains: &'a [Vec<Vec<u8>>],
    pub(super) random: [u8; 32],
}

/// The first questions.
pub(super) fn first_questions(ground: &Ground<'_>) -> Vec<Question> {
    let Ground { version, suites, .. } = *ground;
    let mut questions = Vec::new();
    let mut ask = |suites: Vec<u16>, trial| questions.push(Question::Trial { version, suites, trial });
    if ground.heartbeat {
        ask(suites.to_vec(), Trial::Heartbeat);
    }
    ask(suites.to_vec(), Trial::EarlyCipherChange);
    let wrapping = suites.iter().copied().find(|suite| wraps_secrets(*suite));
    let key = ground.chains.iter().find_map(|chain| trial::rsa_key(chain.first()?));
    if let (Some(suite), Some(key)) = (wrapping, key) {
        for padding in 0..PADDINGS {
            let trial =
                Trial::Padding { key: Box::new(key.clone()), padding, random: ground.random, again: false };
            ask(vec![suite], trial);
        }
    }
    questions
}

/// Secrets are wrapped with the key of the certificate, and encryption follows.
fn wraps_secrets(suite: u16) -> bool {
    let suite = describe_suite(Version::Tls12, suite);
    suite.key_exchange == "RSA" && suite.authentication == "RSA" && !suite.export && suite.bits > 0
}

impl Flaws {
    /// Takes what the server did; gives the questions that follow from it.
    pub(super) fn take(&mut self, question: &Question, reaction: Reaction) -> Vec<Ask> {
        let Question::Trial { version, suites, trial } = question else { return Vec::new() };
        match trial {
            Trial::Heartbeat => {
                let overlong = matches!(reaction, Reaction::Heartbeat { bytes } if trial::is_overlong(bytes));
                self.heartbleed = Some(overlong);
            }
            Trial::EarlyCipherChange => {
                // What it could not decrypt it took for encrypted.
                let taken = matches!(
                    reaction,
                    Reaction::Alert(Alert {
                        description: Alert::BAD_RECORD_MAC | Alert::DECRYPTION_FAILED,
                        ..
                    })
                );
                self.early_cipher_change = Some(taken);
            }
            Trial::Padding { key, padding, random, again } => {
                let [first, second] = &mut self.reactions;
                let round = if *again { &mut *second } else { &mut *first };
                if let Some(place) = round.get_mut(*padding) {
                    *place = Some(reaction);
                }
                if round.iter().any(Option::is_none) {
                    return Vec::new();
                }
                let differs = round.iter().any(|other| *other != round[0]);
                if *again || !differs {
                    self.rsa_padding_oracle = Some(differs && first == second);
                    return Vec::new();
                }
                let repeat =
                    |padding| Trial::Padding { key: key.clone(), padding, random: *random, again: true };
                return (0..PADDINGS)
                    .map(|padding| {
                        let (version, suites) = (*version, suites.clone());
                        Ask::new(Question::Trial { version, suites, trial: repeat(padding) })
                    })
                    .collect();
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padding(padding: usize, again: bool) -> Question {
        let key = Box::new((BigUint::from(7_u8), BigUint::from(3_u8)));
        let trial = Trial::Padding { key, padding, random: [0; 32], again };
        Question::Trial { version: Version::Tls12, suites: vec![0x2f], trial }
    }

    fn alert(description: u8) -> Reaction {
        Reaction::Alert(Alert { level: 2, description })
    }

    /// Answers every padding as the function says, in both rounds where there are two.
    fn judge(answer: impl Fn(usize, bool) -> Reaction) -> (Option<bool>, usize) {
        let mut flaws = Flaws::default();
        let mut asked = 0;
        let mut waiting: Vec<Question> = (0..PADDINGS).map(|number| padding(number, false)).collect();
        while let Some(question) = waiting.pop() {
            asked += 1;
            let Question::Trial { trial: Trial::Padding { padding, again, .. }, .. } = &question else {
                panic!("only paddings are asked for here")
            };
            let reaction = answer(*padding, *again);
            waiting.extend(flaws.take(&question, reaction).into_iter().map(|ask| ask.question));
        }
        (flaws.rsa_padding_oracle, asked)
    }

    #[test]
    fn an_oracle_answers_twice_the_same_and_not_all_alike() {
        assert_eq!(judge(|_, _| alert(20)), (Some(false), 5));
        assert_eq!(judge(|padding, _| alert(if padding == 0 { 20 } else { 51 })), (Some(true), 10));
        let once = |padding, again: bool| if padding == 3 && !again { Reaction::Silence } else { alert(20) };
        assert_eq!(judge(once), (Some(false), 10));
    }

    #[test]
    fn trials_are_judged_by_the_first_thing_that_comes() {
        let ask = |trial| Question::Trial { version: Version::Tls12, suites: vec![0x2f], trial };
        let mut flaws = Flaws::default();
        flaws.take(&ask(Trial::Heartbeat), Reaction::Heartbeat { bytes: 19 });
        assert_eq!(flaws.heartbleed, Some(false));
        flaws.take(&ask(Trial::Heartbeat), Reaction::Heartbeat { bytes: 35 });
        assert_eq!(flaws.heartbleed, Some(true));
        flaws.take(&ask(Trial::EarlyCipherChange), alert(10));
        assert_eq!(flaws.early_cipher_change, Some(false));
        flaws.take(&ask(Trial::EarlyCipherChange), alert(20));
        assert_eq!(flaws.early_cipher_change, Some(true));
    }
}
