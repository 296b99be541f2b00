//! What all pages of the guide share: the frame, tables and paragraphs. Pages are written with
//! the XML writer, so that they are well-formed and everything in them is escaped.

use palisade_wire::XmlWriter;

/// A page from its title to its end.
pub(super) fn write(title: &str, body: impl FnOnce(&mut XmlWriter)) -> Vec<u8> {
    let mut page = XmlWriter::html();
    page.element("html", &[("lang", "en")], |page| {
        page.element("head", &[], |page| {
            page.empty("meta", &[("charset", "utf-8")]);
            page.empty("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
            page.text("title", &format!("{title} - Palisade API user guide"));
            page.empty("link", &[("rel", "stylesheet"), ("href", "/resources/api/style.css")]);
        });
        page.element("body", &[], |page| {
            page.element("header", &[], |page| {
                page.element("nav", &[("aria-label", "Guide")], |page| {
                    link(page, "/resources/api/", "Palisade API user guide");
                });
            });
            page.element("main", &[], |page| {
                page.text("h1", title);
                body(page);
            });
            page.element("footer", &[], |page| {
                page.text(
                    "p",
                    "Palisade is compatible with the QualysGuard API. It is an independent project, not \
                     affiliated with or endorsed by Qualys.",
                );
            });
        });
    });
    page.finish()
}

pub(super) fn link(page: &mut XmlWriter, target: &str, text: &str) {
    page.text_with("a", &[("href", target)], text);
}

/// A table with a caption; `cells` writes the cells of one row.
pub(super) fn table<T>(
    page: &mut XmlWriter,
    caption: &str,
    titles: &[&str],
    rows: impl IntoIterator<Item = T>,
    mut cells: impl FnMut(&mut XmlWriter, T),
) {
    page.element("table", &[], |page| {
        page.text("caption", caption);
        page.element("thead", &[], |page| {
            page.element("tr", &[], |page| {
                for title in titles {
                    page.text_with("th", &[("scope", "col")], title);
                }
            });
        });
        page.element("tbody", &[], |page| {
            for row in rows {
                page.element("tr", &[], |page| cells(page, row));
            }
        });
    });
}

/// The first cell of a row: a name, possibly with a link.
pub(super) fn name_cell(page: &mut XmlWriter, target: Option<&str>, name: &str) {
    page.element("th", &[("scope", "row")], |page| match target {
        Some(target) => link(page, target, name),
        None => page.text("code", name),
    });
}
