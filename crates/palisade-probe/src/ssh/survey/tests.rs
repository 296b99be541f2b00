//! Tests of the survey with what real servers sent.
