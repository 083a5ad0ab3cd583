//! Images sent to registries.

use oci_client::RegistryOperation;
use portcullis_values::image_ref::RegistryReference;
use reqwest::header::HeaderValue;

use super::{Registries, answer, reference};
use crate::error::RegistryError;

impl Registries {
    /// Sends the parts of an image, and its manifest last.
    pub(crate) fn send(
        &self,
        at: &RegistryReference,
        blobs: Vec<Vec<u8>>,
        manifest: Vec<u8>,
        media_type: &'static str,
    ) -> Result<(), RegistryError> {
        if at.digest().is_some() {
            let reason = "an image is sent to a tag, not to a digest".to_owned();
            return Err(answer::unusable(at, "its name", reason));
        }
        let who = self.credentials(at)?.to_auth();
        let to = reference(at);
        let client = self.within(at, async {
            let client = self.client(self.scheme(at).await?);
            client
                .store_auth_if_needed(to.resolve_registry(), &who)
                .await;
            let access = client.auth(&to, &who, RegistryOperation::Push).await;
            access.map_err(|error| answer::told(at, error))?;
            Ok(client)
        })?;
        for blob in blobs {
            let digest = answer::digest_of(&blob);
            self.within(at, async {
                let sent = client.push_blob(&to, blob, &digest).await;
                sent.map(drop).map_err(|error| answer::told(at, error))
            })?;
        }
        self.within(at, async {
            let media_type = HeaderValue::from_static(media_type);
            let sent = client.push_manifest_raw(&to, manifest, media_type).await;
            sent.map(drop).map_err(|error| answer::told(at, error))
        })
    }
}
