//! Answers of web servers, and what is concluded from them.

use std::net::Ipv4Addr;

use palisade_probe::http::{
    PATHS, Response, allowed_methods, auth_schemes, basic_auth, etag_has_inode, exposed_path, front_page,
    internal_address, is_directory_listing, is_open_proxy, is_soft_404, trace_echoed,
};
use palisade_probe::identify::web_product;
use palisade_probe::reply::{Reply, next_line};

use crate::Target;

pub const TARGETS: &[Target] = &[Target { name: "reply", run: reply }, Target { name: "web", run: web }];

const SCANNED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

fn web(input: &[u8]) {
    for method in ["GET", "HEAD", "OPTIONS"] {
        for closed in [false, true] {
            let Ok(Some(response)) = Response::parse(input, method, closed) else { continue };
            look_at(&response);
        }
    }
}

fn look_at(response: &Response) {
    let facts = front_page(response, SCANNED.into());
    let _ = web_product(&facts);
    let _ = (allowed_methods(response), auth_schemes(response), trace_echoed(response, "n00000000"));
    let _ =
        (is_directory_listing(response), is_soft_404(response), internal_address(response, SCANNED.into()));
    let _ = is_open_proxy(response, response, None);
    let _ = basic_auth("/admin/", response);
    if let Some(etag) = response.header("etag") {
        let _ = etag_has_inode(etag);
    }
    for known in PATHS {
        let _ = exposed_path(known, response, None);
    }
}

fn reply(input: &[u8]) {
    if let Ok(Some((reply, length))) = Reply::parse(input) {
        assert!(length <= input.len(), "a reply is no longer than what came");
        let _ = reply.text();
    }
    if let Ok(Some((line, length))) = next_line(input) {
        assert!(line.len() < length && length <= input.len());
    }
}
