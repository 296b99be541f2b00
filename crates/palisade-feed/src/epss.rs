//! FIRST's exploit prediction scores: a CSV file of three columns, with a comment line before them
//! that tells the model and the day.

use std::io::{BufRead, BufReader, Read};

use palisade_model::FeedKind;
use palisade_model::cve::ExploitScore;

use crate::bounded::Allowance;
use crate::error::Error;
use crate::file::{Sink, read_error};
use crate::record::{Record, Summary};

/// The line of titles.
const TITLES: &str = "cve,epss,percentile";

/// Reads the file, line by line.
pub(crate) fn read(reader: impl Read, allowance: &Allowance, sink: &mut Sink<'_>) -> Result<Summary, Error> {
    let mut reader = BufReader::new(reader);
    let mut summary = Summary::new(FeedKind::Epss);
    let mut titled = false;
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(read_error)?;
        if length == 0 {
            break;
        }
        allowance.next_record();
        let wrong = |problem| Error::Line { line: number, problem };
        let text = std::str::from_utf8(&line).map_err(|_| wrong("is not text"))?;
        // A file that was cut off ends within a line.
        let Some(text) = text.strip_suffix('\n') else { return Err(wrong("is cut off")) };
        let text = text.trim();
        if let Some(comment) = text.strip_prefix('#') {
            summary.released = day(comment).or(summary.released);
        } else if titled {
            if text.is_empty() {
                continue;
            }
            match score(text).ok_or_else(|| wrong("is not a CVE number and two numbers from 0 to 1"))? {
                Line::Score(score) => {
                    summary.records += 1;
                    sink(Record::ExploitScore(score)).map_err(|_| Error::Stopped)?;
                }
                Line::OtherNumber => summary.skipped += 1,
            }
        } else if text == TITLES {
            titled = true;
        } else {
            return Err(wrong("should be `cve,epss,percentile`"));
        }
    }
    if titled { Ok(summary) } else { Err(Error::UnknownKind) }
}

enum Line {
    Score(ExploitScore),
    /// The first column is no number of a CVE.
    OtherNumber,
}

fn score(text: &str) -> Option<Line> {
    let mut cells = text.split(',').map(str::trim);
    let (cve, probability, percentile) = (cells.next()?, cells.next()?, cells.next()?);
    let (probability, percentile) = (parts(probability)?, parts(percentile)?);
    Some(match cve.parse() {
        Ok(cve) => Line::Score(ExploitScore { cve, probability, percentile }),
        Err(_) => Line::OtherNumber,
    })
}

/// A decimal fraction from 0 to 1 as parts of 100,000.
fn parts(text: &str) -> Option<u32> {
    let number: f64 = text.parse().ok()?;
    if !(0.0..=1.0).contains(&number) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100,000")]
    let parts = (number * 100_000.0).round() as u32;
    Some(parts)
}

/// The day in `#model_version:v2025.03.14,score_date:2025-11-22T00:00:00+0000`.
fn day(comment: &str) -> Option<String> {
    let (_, date) = comment.split_once("score_date:")?;
    let date = date.get(..10)?;
    date.parse::<palisade_model::Date>().ok().map(|date| date.to_string())
}
