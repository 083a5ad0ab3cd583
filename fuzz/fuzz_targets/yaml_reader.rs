//! The YAML reader takes any bytes: it gives a value or an error, and with and without spans the
//! same one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_yaml::{Limits, Mode, documents, from_bytes};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = from_bytes(bytes) else {
        return;
    };
    for document in documents(text) {
        for mode in [Mode::Lenient, Mode::Strict, Mode::V3] {
            let value = document.read(mode, &Limits::default());
            let with_spans = document.read_document(mode, &Limits::default());
            assert_eq!(value, with_spans.map(|document| document.value));
        }
    }
});
