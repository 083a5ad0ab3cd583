//! What the configuration leaves out is answered at once.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod running;

use std::collections::BTreeMap;

use portcullis_webhook::configuration::Configuration;

use self::running::{Running, creation, pod};

#[test]
fn requests_that_the_configuration_leaves_out_are_allowed() {
    let running = Running::new(include_str!("policies.yaml"));
    let bad = creation(&pod("bad"));
    let allowed = || running.ask("/validate/fail", &bad)["allowed"].clone();
    assert_eq!(allowed(), false);
    for (filters, wanted) in [
        ("[Pod,*,web]", true),
        ("[Pod,*,other]", false),
        ("[Pod]", true),
        ("", false),
    ] {
        let data = BTreeMap::from([("resourceFilters".to_owned(), filters.to_owned())]);
        let configuration = Configuration::from_data(&data).unwrap();
        running.served.configure(configuration);
        assert_eq!(allowed(), wanted, "{filters}");
    }
}
