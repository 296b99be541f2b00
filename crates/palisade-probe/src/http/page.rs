//! What the text of a page tells: title, forms, and pages that came with the software.

use std::sync::LazyLock;

use regex::Regex;

use palisade_model::fact::printable;

/// The title, white space folded, at most 200 characters.
#[must_use]
pub fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower.get(open..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let folded = text.get(start..end)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = printable(unescape(&folded).as_bytes(), 200);
    (!title.is_empty()).then_some(title)
}

fn unescape(text: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

static INPUT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?is)<input\b[^>]{0,2000}>").ok());
static PASSWORD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\btype\s*=\s*["']?password\b"#).ok());
static NO_COMPLETION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\bautocomplete\s*=\s*["']?(off|new-password|false)\b"#).ok());
static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?is)<form\b[^>]{0,2000}>").ok());

/// Whether there is a form with a password field, and whether that field may be completed.
#[must_use]
pub fn password_form(body: &[u8]) -> (bool, bool) {
    let text = String::from_utf8_lossy(body);
    let (Some(input), Some(password), Some(off), Some(form)) =
        (INPUT.as_ref(), PASSWORD.as_ref(), NO_COMPLETION.as_ref(), FORM.as_ref())
    else {
        return (false, false);
    };
    let mut found = false;
    let mut completes = false;
    for field in input.find_iter(&text).filter(|field| password.is_match(field.as_str())) {
        found = true;
        // The form's own setting counts for fields that have none.
        let before = text.get(..field.start()).unwrap_or_default();
        let form_off = form.find_iter(before).last().is_some_and(|form| off.is_match(form.as_str()));
        completes |= !off.is_match(field.as_str()) && !form_off;
    }
    (found, completes)
}

/// Default pages: the product, and texts that all must be on the page.
const DEFAULT_PAGES: &[(&str, &[&str])] = &[
    ("Apache2 Debian", &["apache2 debian default page", "it works!"]),
    ("Apache2 Ubuntu", &["apache2 ubuntu default page", "it works!"]),
    ("Apache HTTP Server", &["<html><body><h1>it works!</h1></body></html>"]),
    ("Apache HTTP Server", &["test page for the apache http server"]),
    ("Apache HTTP Server", &["<title>http server test page powered by"]),
    ("Apache HTTP Server", &["seeing this instead of the website you expected?"]),
    ("nginx", &["<title>welcome to nginx!</title>", "successfully installed and working"]),
    ("nginx", &["<title>test page for the nginx http server on"]),
    ("nginx", &["<title>welcome to nginx on"]),
    ("lighttpd", &["<title>welcome page</title>", "lighttpd", "placeholder page"]),
    ("Microsoft IIS", &["<title>iis windows server</title>"]),
    ("Microsoft IIS", &["<title>iis windows</title>"]),
    ("Microsoft IIS", &["<title>iis7</title>", "welcome.png"]),
    ("Microsoft IIS", &["<title>microsoft internet information services"]),
    ("Microsoft IIS", &["<title>under construction</title>", "the site you are trying to view"]),
    ("Apache Tomcat", &["you're seeing this, you've successfully installed tomcat"]),
    ("Apache Tomcat", &["<title>apache tomcat/", "manager/html"]),
    ("Apache Tomcat", &["<title>apache tomcat</title>", "it works !"]),
    ("Caddy", &["<title>caddy works!</title>"]),
    ("Jetty", &["<title>welcome to jetty"]),
    ("JBoss", &["<title>welcome to jboss"]),
    ("WildFly", &["<title>welcome to wildfly"]),
    ("GlassFish", &["<title>glassfish server - server running</title>"]),
    ("XAMPP", &["<title>welcome to xampp</title>"]),
    ("Plesk", &["<title>web server's default page</title>", "plesk"]),
    ("cPanel", &["<title>default web site page</title>", "cgi-sys"]),
];

/// The software whose page, unchanged since it was installed, this is.
#[must_use]
pub fn default_page(body: &[u8]) -> Option<&'static str> {
    let lower = String::from_utf8_lossy(body).to_ascii_lowercase();
    let folded = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    DEFAULT_PAGES
        .iter()
        .find(|(_, texts)| texts.iter().all(|text| folded.contains(text)))
        .map(|(product, _)| *product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        assert_eq!(title(b"<TITLE lang=en>\n A &amp;  B </Title>").as_deref(), Some("A & B"));
        assert_eq!(title(b"<title></title>"), None);
        assert_eq!(title(b"<title>never ends"), None);
        assert_eq!(title("<title>\u{130}x</title>".as_bytes()).as_deref(), Some("\u{130}x"));
    }

    #[test]
    fn password_fields() {
        assert_eq!(password_form(b"<form><input name=p type='password'></form>"), (true, true));
        assert_eq!(password_form(b"<form autocomplete=off><input type=password></form>"), (true, false));
        assert_eq!(password_form(b"<input type=\"password\" autocomplete=\"new-password\">"), (true, false));
        assert_eq!(password_form(b"<input type=text value=password>"), (false, false));
    }

    #[test]
    fn pages_that_came_with_the_software() {
        let nginx = b"<html><head><title>Welcome to nginx!</title></head><p>If you see this page, the nginx web server is successfully installed and\nworking.";
        assert_eq!(default_page(nginx), Some("nginx"));
        assert_eq!(
            default_page(b"<html><body><h1>It works!</h1></body></html>\n"),
            Some("Apache HTTP Server")
        );
        assert_eq!(default_page(b"<title>My shop</title> nginx"), None);
    }
}
