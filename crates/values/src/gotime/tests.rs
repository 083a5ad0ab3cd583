//! Times: layouts both ways, zones and arithmetic.

use proptest::prelude::*;

use super::*;
use crate::duration::GoDuration;

fn time(text: &str) -> GoTime {
    parse(RFC3339, text).unwrap()
}

#[test]
fn layouts_write() {
    let at = time("2021-03-04T15:06:07.08Z");
    for (layout, expected) in [
        ("2006-01-02T15:04:05Z07:00", "2021-03-04T15:06:07Z"),
        ("Monday January _2 06", "Thursday March  4 21"),
        ("Mon Jan 2 3:4:5PM", "Thu Mar 4 3:6:7PM"),
        ("002 __2 03pm", "063  63 03pm"),
        (".000 ,99 .9999", ".080 ,08 .08"),
        ("-0700 -07:00:00 Z07 MST", "+0000 +00:00:00 Z UTC"),
        ("_2006 Janx .01 x", "_2021 Janx .03 x"),
    ] {
        assert_eq!(at.format(layout), expected, "{layout}");
    }
    let west = time("2021-03-04T00:00:00-03:30");
    assert_eq!(west.format("02 MST -07 Z070000"), "04 -0330 -03 -033000");
}

#[test]
fn layouts_read() {
    for (layout, text, expected) in [
        (
            RFC3339,
            "2021-03-04T05:06:07.25+01:00",
            "2021-03-04T05:06:07.25+01:00",
        ),
        (RFC3339, "2021-03-04T5:06:07Z", "2021-03-04T05:06:07Z"),
        ("Jan 2 06", "APR 30 69", "1969-04-30T00:00:00Z"),
        ("2006-002", "2020-060", "2020-02-29T00:00:00Z"),
        ("2006 3PM", "2020   12AM", "2020-01-01T00:00:00Z"),
        ("15:04 MST", "10:00 GMT-2", "0000-01-01T08:00:00-02:00"),
        ("15:04 MST", "10:00 CEST", "0000-01-01T10:00:00Z"),
    ] {
        let found = parse(layout, text).unwrap();
        assert_eq!(found.to_string(), expected, "{layout} {text}");
    }
    assert_eq!(parse("MST", "CEST").unwrap().zone().name(), "CEST");
}

#[test]
fn wrong_times_say_what_is_wrong() {
    for (layout, text, part) in [
        (RFC3339, "2021-13-04T05:06:07Z", "month out of range"),
        (RFC3339, "2021-02-29T05:06:07Z", "day out of range"),
        (
            RFC3339,
            "2021-02-04T05:06:07",
            "expected `Z07:00`, found ``",
        ),
        (
            RFC3339,
            "2021-02-04 05:06:07Z",
            "expected `T`, found ` 05:06:07Z`",
        ),
        (RFC3339, "2021-02-04T05:06:07Zx", "`x` is left over"),
        ("2006-002 Jan", "2021-060 Feb", "beside month and day"),
        ("Mon", "Möp", "expected `Mon`, found `Möp`"),
        ("05.000", "07.-12", "fractional second out of range"),
    ] {
        let error = parse(layout, text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn arithmetic() {
    let at = time("2021-03-04T15:06:07.8+05:30");
    let hour = GoDuration::parse("1h").unwrap();
    assert_eq!(at.add(hour).to_string(), "2021-03-04T16:06:07.8+05:30");
    assert_eq!(at.truncate(hour).to_string(), "2021-03-04T14:30:00+05:30");
    assert_eq!(at.round(hour).to_string(), "2021-03-04T15:30:00+05:30");
    assert_eq!(at.round(GoDuration(-1)), at);
    assert_eq!(at.since(&at.add(hour)), GoDuration(-hour.0));
    assert_eq!(
        time("9999-01-01T00:00:00Z").since(&time("0001-01-01T00:00:00Z")),
        GoDuration(i64::MAX)
    );
    assert_eq!(at.clone().utc().to_string(), "2021-03-04T09:36:07.8Z");
    assert_eq!(at.clone().utc(), at);
    assert_eq!((at.weekday(), at.hour(), at.minute()), (4, 15, 6));
}

proptest! {
    #[test]
    fn written_times_read_back(seconds in -62_000_000_000_i64..250_000_000_000, nanos in 0..1_000_000_000_u32, minutes in -700..700) {
        let zone = Zone::Fixed { name: "".into(), offset: minutes * 60 };
        let at = GoTime::from_unix(seconds, nanos).in_zone(zone);
        prop_assert_eq!(parse(RFC3339_NANO, &at.to_string()).unwrap(), at);
    }

    #[test]
    fn no_text_panics(layout in "[JanMo0-9:._,ZTPMpSd -]{0,24}|\\PC*", text in "[a-zA-Z0-9:.,+ -]{0,24}|\\PC*", seconds: i64) {
        let _ = parse(&layout, &text);
        let at = GoTime::from_unix(seconds / 2, 0);
        let _ = parse(&layout, &at.format(&layout));
    }
}
