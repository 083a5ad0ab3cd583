//! `x509_decode`: the fields of a certificate or a certificate request in PEM text.

use portcullis_values::{
    Val,
    x509::{self, X509Error},
};

use super::Call;
use crate::error::Evaluated;

pub(super) fn decode<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let text = call.text(0)?;
    x509::decode(&text)
        .map(Val::from_owned)
        .map_err(|error| match error {
            X509Error::NoBlock => call.argument_error(0, "a PEM block"),
            X509Error::Unknown(_) => {
                call.argument_error(0, "a certificate or a certificate request")
            }
            broken @ X509Error::Broken { .. } => call.error(broken.to_string()),
        })
}
