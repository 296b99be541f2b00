//! Outside formats: parameter tables in; XML, DTDs out.
