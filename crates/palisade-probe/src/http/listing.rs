//! Directory listings, by the marks that each server puts into its own.

use super::page::title;
use super::response::Response;

/// The page lists the contents of a directory.
#[must_use]
pub fn is_directory_listing(response: &Response) -> bool {
    if response.status != 200 {
        return false;
    }
    let body = response.text(64 * 1024);
    let lower = body.to_ascii_lowercase();
    let title = title(&response.body).unwrap_or_default().to_ascii_lowercase();
    let links = lower.contains("<a href=") || lower.contains("<a class=");
    // Apache, nginx and lighttpd.
    (title.starts_with("index of /") && (links || lower.contains("<pre>")))
        // Python's http.server.
        || (title.starts_with("directory listing for /") && lower.contains("<h1>directory listing for"))
        // Microsoft IIS.
        || (lower.contains("<pre><a href=\"/\">[to parent directory]</a>"))
        || (links && lower.contains("[to parent directory]"))
        // Tomcat and Jetty.
        || (title.starts_with("directory listing for /") && lower.contains("<td align=\"left\">"))
        || (title.starts_with("directory: /") && links)
        // Node's serve-index and http-server.
        || (title.starts_with("listing directory /") && links)
        || (title.starts_with("index of /") && lower.contains("node.js"))
        // Caddy's browse.
        || (lower.contains("<main>") && lower.contains("id=\"filter\"") && lower.contains("class=\"file\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(status: u16, body: &str) -> Response {
        Response { status, body: body.as_bytes().to_vec(), ..Response::default() }
    }

    #[test]
    fn servers_mark_their_listings() {
        let nginx = "<html>\r\n<head><title>Index of /files/</title></head>\r\n<body>\r\n<h1>Index of /files/</h1><hr><pre><a href=\"../\">../</a>";
        let apache = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<html>\n <head>\n  <title>Index of /pub</title>\n </head>\n <body>\n<h1>Index of /pub</h1>\n  <table>\n<a href=\"?C=N;O=D\">Name</a>";
        let iis = "<html><head><title>10.0.0.1 - /files/</title></head><body><H1>10.0.0.1 - /files/</H1><hr>\r\n<pre><A HREF=\"/\">[To Parent Directory]</A><br>";
        let python = "<title>Directory listing for /</title>\n</head>\n<body>\n<h1>Directory listing for /</h1>\n<hr>\n<ul>";
        for body in [nginx, apache, iis, python] {
            assert!(is_directory_listing(&page(200, body)), "{body}");
            assert!(!is_directory_listing(&page(403, body)));
        }
        assert!(!is_directory_listing(&page(200, "<title>Index of refraction</title><a href=x>")));
        assert!(!is_directory_listing(&page(200, "<title>Shop</title><a href=/>Index of /</a>")));
    }
}
