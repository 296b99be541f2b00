//! The handful of requests from which a web server's facts come.
//!
//! Every request is harmless (GET, OPTIONS, TRACE), goes to the scanned address only, and has a
//! connection of its own: servers that break one do not spoil the next. Redirects are noted and
//! never followed. A server whose TLS none of ours speaks (see
//! QID 900020) has TLS facts and no web facts.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use palisade_model::ScanHeader;
use palisade_model::fact::HttpFacts;
use palisade_probe::http::{
    HttpConversation, KnownPath, PATHS, PROTECTED_PATHS, Request, Response, allowed_methods, auth_schemes,
    basic_auth, exposed_path, front_page, internal_address, is_directory_listing, is_open_proxy, is_soft_404,
    proxy_request, trace_echoed,
};

use super::port::Port;
use crate::stream::End;

/// Requests to one port at the same time.
const PARALLEL: usize = 6;
/// Directories looked at because a page or `robots.txt` names them, beside the usual ones.
const NAMED_DIRECTORIES_MAX: usize = 6;
const USUAL_DIRECTORIES: [&str; 7] =
    ["/files/", "/images/", "/icons/", "/uploads/", "/backup/", "/download/", "/pub/"];
/// A port of the target itself on which next to nobody listens, for the question whether requests
/// are forwarded. A high one: proxies refuse to forward to unusual low ones.
const CLOSED_PORT: u16 = 40_125;

/// The facts, whether all requests were answered, or `None` when the first one was not.
pub(super) async fn survey(port: &Port<'_>) -> Option<(HttpFacts, bool)> {
    let authority = port.authority();
    let (front, _) = ask(port, Request::get(&authority, "/")).await;
    let front = front?;
    let mut facts = front_page(&front, port.host.address);

    let needs = &port.host.plan().needs;
    let kinds: Vec<&str> = PATHS.iter().map(|known| known.kind).collect();
    let wants = |path: &str, kind: &str| needs.web_path(path, kind, &kinds);
    let paths = PATHS.iter().any(|known| wants(known.path, known.kind)) || wants("", "basic-auth");
    let nonce = format!("n{:08x}", u32::from_be_bytes(port.random()));
    let unknown_path = format!("/{nonce}.html");
    let ((unknown, options, trace, proxied), mut finished) = {
        let (a, b, c, d) = tokio::join!(
            ask_if(paths, port, Request::get(&authority, &unknown_path)),
            ask_if(needs.has_word("methods"), port, Request::options(&authority)),
            ask_if(needs.has_word("trace"), port, Request::trace(&authority, &nonce)),
            ask_if(
                needs.has_word("open_proxy"),
                port,
                proxy_request(&format!("{}:{CLOSED_PORT}", port.host.authority()), "/")
            ),
        );
        // A forwarded request waits for whatever stands behind; no answer there is one too.
        ((a.0, b.0, c.0, d.0), a.1 && b.1 && c.1)
    };
    facts.methods = options.as_ref().map(allowed_methods).unwrap_or_default();
    facts.trace = trace.as_ref().map(|answer| trace_echoed(answer, &nonce));
    facts.open_proxy = proxied.as_ref().map(|answer| is_open_proxy(&front, answer, None));

    let mut asked: Vec<(Ask, String)> = PATHS
        .iter()
        .filter(|known| known.path != "/" && wants(known.path, known.kind))
        .map(|known| (Ask::Known(known), known.path.to_owned()))
        .collect();
    let protected = PROTECTED_PATHS.iter().filter(|path| wants(path, "basic-auth"));
    asked.extend(protected.map(|path| (Ask::Protected, (*path).to_owned())));
    // Where every path is answered alike, a listing would be no news and the rest proves nothing.
    let soft = unknown.as_ref().is_some_and(is_soft_404);
    if !soft && needs.has_word("listings") {
        asked.extend(directories(&front).into_iter().map(|path| (Ask::Directory, path)));
    }
    if let Some(known) = PATHS.iter().find(|known| known.path == "/") {
        facts.paths.extend(exposed_path(known, &front, unknown.as_ref()));
    }
    let authority = authority.as_str();
    let mut answers = futures_util::stream::iter(asked)
        .map(|(kind, path)| async move {
            let (answer, complete) = ask(port, Request::get(authority, &path)).await;
            (kind, path, answer, complete)
        })
        .buffered(PARALLEL.min(port.host.http_max()));
    while let Some((kind, path, answer, complete)) = answers.next().await {
        finished &= complete;
        let Some(answer) = answer else { continue };
        take(&mut facts, kind, &path, &answer, unknown.as_ref());
        if facts.internal_address.is_none() {
            facts.internal_address = internal_address(&answer, port.host.address);
        }
    }
    Some((facts, finished))
}

#[derive(Clone, Copy)]
enum Ask {
    Known(&'static KnownPath),
    Protected,
    Directory,
}

fn take(facts: &mut HttpFacts, kind: Ask, path: &str, answer: &Response, unknown: Option<&Response>) {
    for scheme in auth_schemes(answer) {
        if !facts.auth_schemes.contains(&scheme) {
            facts.auth_schemes.push(scheme);
        }
    }
    let exposed = match kind {
        Ask::Known(known) => exposed_path(known, answer, unknown),
        Ask::Protected => basic_auth(path, answer),
        Ask::Directory => {
            if is_directory_listing(answer) {
                facts.listings.push(path.to_owned());
            }
            basic_auth(path, answer)
        }
    };
    if let Some(exposed) = exposed
        && !facts.paths.iter().any(|known| known.path == exposed.path && known.kind == exposed.kind)
    {
        facts.paths.push(exposed);
    }
}

/// The same when it is `wanted`.
async fn ask_if(wanted: bool, port: &Port<'_>, request: Request) -> (Option<Response>, bool) {
    if wanted { ask(port, request).await } else { (None, true) }
}

/// One request; the answer, and whether the server took part to the end.
async fn ask(port: &Port<'_>, mut request: Request) -> (Option<Response>, bool) {
    if let Some(header) = &port.host.plan().header {
        request.headers.push((ScanHeader::NAME.to_owned(), header.to_string()));
    }
    let mut conversation = HttpConversation::new(request);
    let end = port.hold(&mut conversation).await;
    (conversation.finish(), end != End::CutShort)
}

/// Directories worth looking into: those the front page links to on this server, and usual ones.
fn directories(front: &Response) -> Vec<String> {
    let text = front.text(64 * 1024);
    let mut named = BTreeSet::new();
    for (index, _) in text.match_indices('"').take(2_000) {
        let Some(link) = text.get(index + 1..).and_then(|rest| rest.split('"').next()) else { continue };
        let link = link.split(['?', '#']).next().unwrap_or_default();
        let local = link.starts_with('/') && !link.starts_with("//");
        let relative = link.ends_with('/') && !link.contains(':') && !link.starts_with(['.', '/']);
        if link.len() > 200 || !(local || relative) || link.bytes().any(|byte| byte <= b' ' || byte == b'<') {
            continue;
        }
        let Some((directory, _)) = link.rsplit_once('/') else { continue };
        let path = format!("/{}/", directory.trim_matches('/'));
        if path != "//" && named.len() < NAMED_DIRECTORIES_MAX {
            named.insert(path);
        }
    }
    let usual = USUAL_DIRECTORIES.iter().map(|path| (*path).to_owned()).filter(|path| !named.contains(path));
    let usual: Vec<String> = usual.collect();
    named.into_iter().chain(usual).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_this_server_are_looked_into() {
        let body = r#"<a href="/pub/a.txt">a</a> <a href="http://other.test/x/">b</a> <a href="//cdn.test/y/">c</a>
            <link href="css/"> <img src="/"> <a href="../up/">d</a>"#;
        let front = Response { status: 200, body: body.as_bytes().to_vec(), ..Response::default() };
        let found = directories(&front);
        assert!(found.starts_with(&["/css/".to_owned(), "/pub/".to_owned()]), "{found:?}");
        assert_eq!(found.len(), USUAL_DIRECTORIES.len() + 1, "{found:?}");
    }

    #[test]
    fn a_page_full_of_links_costs_little() {
        let body: String =
            (0..500).fold(String::new(), |page, number| page + "<a href=\"/d" + &number.to_string() + "/\">");
        let front = Response { status: 200, body: body.into_bytes(), ..Response::default() };
        assert_eq!(directories(&front).len(), NAMED_DIRECTORIES_MAX + USUAL_DIRECTORIES.len());
    }
}
