//! What a web server shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A web server, seen through a handful of harmless requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpFacts {
    /// Of the answer to `GET /`.
    pub status: u16,
    /// `HTTP/1.0`, `HTTP/1.1`.
    pub version: String,
    pub reason: String,
    /// In order, as sent; at most 64, each value at most 1 KiB.
    pub headers: Vec<Header>,
    /// The same by lower-case name; of repeated ones the last.
    pub header: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The beginning of the body, printable, at most 2 KiB.
    pub body: String,
    pub cookies: Vec<HttpCookie>,
    /// From the `Allow` (or `Public`) header of an OPTIONS answer, upper case.
    pub methods: Vec<String>,
    /// TRACE echoed a header of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<bool>,
    /// Authentication schemes asked for, lower case, on `/` or on any path of `paths`.
    pub auth_schemes: Vec<String>,
    /// A form with a password field is on the front page.
    pub password_form: bool,
    /// That form's password field does not switch completion off.
    pub password_autocomplete: bool,
    /// Well-known paths that answered with what they are known for.
    pub paths: Vec<ExposedPath>,
    /// Directories whose contents are listed.
    pub listings: Vec<String>,
    /// It forwarded a request for another host (to an address of its own).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_proxy: Option<bool>,
    /// The ETag carries an inode number (three dash-separated hex parts).
    pub etag_inode: bool,
    /// A private address of the server's, leaked in a header of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub internal_address: Option<String>,
    /// The front page is the one that came with this software.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_page: Option<String>,
}

/// One header line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Header {
    pub name: String,
    pub value: String,
}

/// One cookie that the front page sets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpCookie {
    pub name: String,
    pub secure: bool,
    pub http_only: bool,
    /// Lower case; empty when not given.
    pub same_site: String,
}

/// A path that answered with the content it is known for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExposedPath {
    pub path: String,
    /// What it is: `server-status`, `server-info`, `git-config`, `svn-entries`, `env-file`,
    /// `phpinfo`, `ds-store`, `htpasswd`, `backup`, `robots`, `jmx-console`, `tomcat-manager`,
    /// `elasticsearch`, `docker-api`, `basic-auth`.
    pub kind: String,
    pub status: u16,
    /// The telling part of the answer, printable, at most 200 characters.
    pub evidence: String,
}
