//! `RegistrySource`: the registries' answers to what policies ask of images.
//!
//! What was asked once is not asked again: a run sees one state of an image, however often a policy
//! looks at it.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis_engine::context::source::{ContextSource, EntryKind, Lookup};
use portcullis_values::image_ref::{ImageInfo, RegistryReference, Strictness};
use serde_json::Value;

use crate::{error::RegistryError, metadata::Metadata, registries::Registries};

/// How many answers are kept; further ones are asked for each time.
const KEPT: usize = 4096;

/// An answer, once it is there.
type Answer<T> = Arc<OnceLock<Result<T, RegistryError>>>;

/// Registries that policies ask.
pub struct RegistrySource {
    registries: Registries,
    metadata: Mutex<HashMap<String, Answer<Arc<Metadata>>>>,
    digests: Mutex<HashMap<String, Answer<String>>>,
    dice: (RandomState, AtomicU64),
}

impl RegistrySource {
    /// A source that asks these registries.
    #[must_use]
    pub fn new(registries: Registries) -> RegistrySource {
        RegistrySource {
            registries,
            metadata: Mutex::default(),
            digests: Mutex::default(),
            dice: (RandomState::new(), AtomicU64::new(0)),
        }
    }

    /// What registries say of an image, in the form that is wanted.
    fn metadata(&self, image: &str, form: impl FnOnce(&Metadata) -> Value) -> Lookup {
        let found = RegistryReference::parse(image, Strictness::Weak)
            .map_err(RegistryError::from)
            .and_then(|at| {
                let ask = || self.registries.metadata(&at).map(Arc::new);
                once(&self.metadata, at.name(), ask)
            });
        looked_up(found.map(|metadata| form(&metadata)))
    }
}

/// The answer to a question, from the one who asked first.
fn once<T: Clone>(
    answers: &Mutex<HashMap<String, Answer<T>>>,
    question: String,
    ask: impl FnOnce() -> Result<T, RegistryError>,
) -> Result<T, RegistryError> {
    let answer = {
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= KEPT && !answers.contains_key(&question) {
            drop(answers);
            return ask();
        }
        Arc::clone(answers.entry(question).or_default())
    };
    answer.get_or_init(ask).clone()
}

fn looked_up(answer: Result<Value, RegistryError>) -> Lookup {
    match answer {
        Ok(value) => Lookup::Found(value),
        Err(error) => Lookup::Failed(format!("{error}; {}", error.remedy())),
    }
}

impl fmt::Debug for RegistrySource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RegistrySource")
    }
}

impl ContextSource for RegistrySource {
    fn loads(&self, kind: EntryKind) -> bool {
        kind == EntryKind::ImageRegistry
    }

    fn image(&self, reference: &str) -> Lookup {
        self.metadata(reference, |metadata| metadata.of_context(reference))
    }

    fn image_metadata(&self, reference: &str) -> Lookup {
        self.metadata(reference, |metadata| metadata.of_cel(reference))
    }

    fn image_digest(&self, image: &ImageInfo) -> Lookup {
        let found = RegistryReference::parse(&image.reference, Strictness::Weak)
            .map_err(RegistryError::from)
            .and_then(|at| once(&self.digests, at.name(), || self.registries.digest(&at)));
        looked_up(found.map(Value::from))
    }

    fn now(&self) -> i128 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
    }

    fn random(&self) -> u64 {
        // The standard library's hashers are seeded by the system.
        let (dice, throws) = &self.dice;
        dice.hash_one(throws.fetch_add(1, Ordering::Relaxed))
    }
}
