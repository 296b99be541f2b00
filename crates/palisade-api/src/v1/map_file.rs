//! The MAP document of a map that no server keeps: what `palisade map` prints.

use palisade_app::{About, MapView, StoredMapHost};
use palisade_wire::{XmlWriter, dtd};

use crate::answer::end_report;
use crate::v1::map_document::{write_header, write_host, write_outcome};

/// The document as `map_report.php` would answer it for one map, and `map-2.php` for several; its
/// DOCTYPE names the DTD below `base_url`.
#[must_use]
pub fn map_file(
    maps: &[(MapView, Vec<StoredMapHost>)],
    about: &About,
    company: &str,
    base_url: &str,
) -> Vec<u8> {
    let mut xml = if maps.len() == 1 {
        XmlWriter::document("MAP", &dtd::MAP.url(base_url))
    } else {
        let mut xml = XmlWriter::document("MAPREQUEST", &dtd::MAP_2.url(base_url));
        xml.open("MAPREQUEST", &[]);
        xml
    };
    for (view, hosts) in maps {
        xml.element("MAP", &[("value", view.map.as_str())], |xml| {
            write_header(xml, view, about, company);
            for host in hosts {
                write_host(xml, host);
            }
            write_outcome(xml, view);
        });
    }
    end_report(&mut xml);
    xml.finish()
}
