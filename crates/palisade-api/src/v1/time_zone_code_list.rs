//! `time_zone_code_list.php`: the codes that other calls take for time zones.

use palisade_model::{ClockRule, TimeZoneCode};
use palisade_wire::{Call, ErrorForm, Example, XmlWriter, dtd};

use crate::answer::{Answer, end_report};
use crate::error::CallError;
use crate::registry::CallRequest;

pub const CALL: Call = Call {
    script: "time_zone_code_list.php",
    summary: "List the codes of time zones",
    description: &[
        "Lists the codes that time_zone_code takes: a country, or a country and a region where a country has \
         several zones. The details name the distance from GMT without daylight saving and the place. The \
         call also answers to the name time_zone_code.php.",
    ],
    parameters: &[],
    rules: &[],
    roles: "Every user with access to the API.",
    root: "TIME_ZONES",
    dtd: &dtd::TIME_ZONE_CODE_LIST,
    errors: ErrorForm::InRoot { attributes: &[] },
    example: Example { parameters: &[], description: "List all codes." },
};

#[expect(clippy::unused_async, reason = "handlers have one shape")]
pub(crate) async fn handle(request: CallRequest) -> Result<Answer, CallError> {
    let zones = request.app.list_time_zones(&request.actor)?;
    let mut xml = request.document();
    xml.element("TIME_ZONES", &[], |xml| {
        for (code, rule) in zones {
            write_zone(xml, code, rule);
        }
    });
    end_report(&mut xml);
    Ok(Answer::Document(xml.finish()))
}

fn write_zone(xml: &mut XmlWriter, code: TimeZoneCode, rule: ClockRule) {
    let ClockRule { standard_offset_s, daylight_saving } = rule;
    xml.element("TIME_ZONE", &[], |xml| {
        xml.text("TIME_ZONE_CODE", code.as_str());
        let details = format!("(GMT{}) {}", offset(standard_offset_s), code.place());
        xml.cdata("TIME_ZONE_DETAILS", &details);
        xml.text("DST_SUPPORTED", if daylight_saving { "1" } else { "0" });
    });
}

/// Seconds east of GMT as `+hhmm`; nothing for GMT itself.
pub(super) fn offset(seconds: i32) -> String {
    if seconds == 0 {
        return String::new();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!(" {sign}{:02}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_a_sign_and_four_digits() {
        assert_eq!(offset(0), "");
        assert_eq!(offset(19_800), " +0530");
        assert_eq!(offset(-12_600), " -0330");
        assert_eq!(offset(-3600), " -0100");
    }
}
