//! Who asks a registry for a policy: the Secrets of its `imageRegistryCredentials`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use portcullis_api::cluster_policy::ImageRegistryCredentials;
use portcullis_values::image_ref::ImageInfo;
use serde_json::Value;

use super::source::{ContextSource, Lookup};
use crate::generate::ObjectRef;

/// Where a Secret is whose namespace is not named.
const NAMESPACE: &str = "kyverno";

/// The key of a Secret that holds what `docker login` writes.
const KEY: &str = ".dockerconfigjson";

/// Who asks, beside whom the source knows of itself.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryAccess {
    /// Texts of Docker's `config.json`; the first that names a registry counts.
    pub configs: Vec<String>,
}

impl fmt::Debug for RegistryAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RegistryAccess({})", self.configs.len())
    }
}

impl RegistryAccess {
    /// What the Secrets hold. One that is not there is left out, as Kyverno leaves it out: then
    /// whoever runs the policies asks.
    ///
    /// # Errors
    /// A Secret without what `docker login` writes, or the world could not answer; the text says why.
    pub(crate) fn of(
        credentials: Option<&ImageRegistryCredentials>,
        source: &dyn ContextSource,
    ) -> Result<RegistryAccess, String> {
        let mut access = RegistryAccess::default();
        let secrets = credentials.map_or(&[][..], |it| it.secrets.as_slice());
        for secret in secrets {
            let (namespace, name) = secret.split_once('/').unwrap_or((NAMESPACE, secret));
            let found = source.object(&ObjectRef {
                api_version: "v1".to_owned(),
                kind: "Secret".to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            });
            match found {
                Lookup::Found(object) => {
                    let config = config(&object);
                    access.configs.push(config.map_err(|reason| {
                        format!("the Secret {namespace}/{name} {reason} `{KEY}`")
                    })?);
                }
                Lookup::NotFound | Lookup::Unavailable => {}
                Lookup::Failed(reason) => {
                    return Err(format!("the Secret {namespace}/{name}: {reason}"));
                }
            }
        }
        Ok(access)
    }

    /// The digest that an image's tag stands for; nothing where nobody can be asked.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(crate) fn digest(
        &self,
        image: &ImageInfo,
        source: &dyn ContextSource,
    ) -> Result<Option<String>, String> {
        match source.image_digest(image, self) {
            Lookup::Found(Value::String(digest)) => Ok(Some(digest)),
            Lookup::Found(_) | Lookup::NotFound => Err("there is no such image".to_owned()),
            Lookup::Unavailable => Ok(None),
            Lookup::Failed(reason) => Err(reason),
        }
    }
}

fn config(secret: &Value) -> Result<String, &'static str> {
    let text = |field: &str| secret.get(field)?.get(KEY)?.as_str();
    if let Some(plain) = text("stringData") {
        return Ok(plain.to_owned());
    }
    let encoded = text("data").ok_or("has no")?;
    let bytes = STANDARD.decode(encoded.trim()).ok();
    let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or("has, not in base64, a")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Secrets(Vec<Value>);

    impl ContextSource for Secrets {
        fn object(&self, of: &ObjectRef) -> Lookup {
            let found = self.0.iter().find(|object| ObjectRef::of(object) == *of);
            found.map_or(Lookup::NotFound, |object| Lookup::Found(object.clone()))
        }
        fn now(&self) -> i128 {
            0
        }
        fn random(&self) -> u64 {
            0
        }
    }

    #[test]
    fn what_secrets_hold() {
        let secret = |namespace: &str, name: &str, field: &str, data: Value| {
            json!({
                "apiVersion": "v1", "kind": "Secret", field: data,
                "metadata": {"name": name, "namespace": namespace},
            })
        };
        let source = Secrets(vec![
            secret("kyverno", "mine", "data", json!({KEY: "e30="})),
            secret(
                "shop",
                "plain",
                "stringData",
                json!({KEY: "{\"auths\": {}}"}),
            ),
            secret("shop", "other", "data", json!({"password": "eA=="})),
            secret("shop", "broken", "data", json!({KEY: "%"})),
        ]);
        for (secrets, expected) in [
            (&["mine"][..], Ok(&["{}"][..])),
            (&["shop/plain", "mine"], Ok(&["{\"auths\": {}}", "{}"])),
            (&["plain", "shop/mine"], Ok(&[])),
            (
                &["shop/other"],
                Err("the Secret shop/other has no `.dockerconfigjson`"),
            ),
            (
                &["mine", "shop/broken"],
                Err("the Secret shop/broken has, not in base64, a `.dockerconfigjson`"),
            ),
        ] {
            let credentials = ImageRegistryCredentials {
                secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
                ..ImageRegistryCredentials::default()
            };
            let found = RegistryAccess::of(Some(&credentials), &source);
            let expected = expected.map_err(str::to_owned);
            let expected = expected.map(|texts| texts.iter().map(|it| (*it).to_owned()).collect());
            assert_eq!(found.map(|access| access.configs), expected, "{secrets:?}");
        }
    }
}
