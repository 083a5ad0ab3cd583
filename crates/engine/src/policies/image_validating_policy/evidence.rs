//! Which images were verified while a request was evaluated, by whatever policy.

use std::{cell::RefCell, collections::BTreeSet};

/// What was found out of the images of one request; policies share it.
#[derive(Debug, Default)]
pub struct Evidence {
    verified: RefCell<BTreeSet<String>>,
    refused: RefCell<BTreeSet<String>>,
    /// The images that a policy requires to be verified, with the policy's key.
    required: RefCell<Vec<(String, Vec<String>)>>,
}

impl Evidence {
    /// Notes that an image is signed.
    pub(super) fn verified(&self, image: &str) {
        self.verified.borrow_mut().insert(image.to_owned());
    }

    /// Notes that an attestor did not sign an image.
    pub(super) fn refused(&self, image: &str) {
        self.refused.borrow_mut().insert(image.to_owned());
    }

    /// Notes which images a policy requires to be verified.
    pub(super) fn require(&self, policy: &str, images: Vec<String>) {
        self.required.borrow_mut().push((policy.to_owned(), images));
    }

    /// Whether no policy requires anything.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.required.borrow().is_empty()
    }

    /// Why an image that a policy requires to be verified is not; nothing where all of them are. To
    /// be asked when every policy has been evaluated.
    #[must_use]
    pub(crate) fn missing(&self, policy: &str) -> Option<String> {
        let required = self.required.borrow();
        let images = required.iter().filter(|(key, _)| key == policy);
        let verified = self.verified.borrow();
        let mut images = images.flat_map(|(_, images)| images);
        let image = images.find(|image| !verified.contains(*image))?;
        Some(match self.refused.borrow().contains(image) {
            true => format!("image {image} failed signature or attestation verification"),
            false => format!(
                "image {image} is not verified: no policy performed a signature or attestation check on it"
            ),
        })
    }
}
