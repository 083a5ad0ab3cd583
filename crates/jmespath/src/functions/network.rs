//! `image_normalize` and `is_external_url`.

use std::net::{IpAddr, Ipv6Addr};

use portcullis_values::{
    Val,
    gourl::Url,
    image_ref::{ImageInfo, ImageOptions},
};

use super::Call;
use crate::error::Evaluated;

/// The image reference with its registry and its tag or digest.
pub(super) fn image_normalize<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let host = call.host().image_options();
    let options = ImageOptions {
        default_registry: host.default_registry.to_owned(),
        enable_default_registry_mutation: host.add_default_registry,
    };
    ImageInfo::parse(&call.text(0)?, &options)
        .map(|image| Val::from(image.to_string()))
        .map_err(|error| call.argument_cause(0, error))
}

/// Whether the URL's host has no loopback and no private address. A name is looked up.
pub(super) fn is_external_url<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let url = Url::parse(&call.text(0)?)
        .map_err(|error| call.argument_cause(0, format!("not a URL: {}", error.what)))?;
    let host = url.hostname();
    if let Some(address) = address(host) {
        return Ok(Val::Bool(!is_internal(address)));
    }
    if host.is_empty() {
        return Err(call.argument_cause(0, "the URL has no host"));
    }
    let addresses = call
        .host()
        .lookup_host(host)
        .map_err(|message| call.argument_cause(0, message))?;
    Ok(Val::Bool(!addresses.into_iter().any(is_internal)))
}

fn address(host: &str) -> Option<IpAddr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    let (address, _zone) = host.split_once('%')?;
    address.parse::<Ipv6Addr>().ok().map(IpAddr::from)
}

fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}
