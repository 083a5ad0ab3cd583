//! `RegistrySource`: the registries' answers to what policies ask of images.
//!
//! What was asked once is not asked again: a run sees one state of an image, however often a policy
//! looks at it.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis_engine::context::source::{ContextSource, EntryKind, Lookup, RegistryAccess};
use portcullis_values::image_ref::{ImageInfo, RegistryReference, Strictness};
use serde_json::Value;

use crate::{
    docker_config::DockerConfig, error::RegistryError, metadata::Metadata, registries::Registries,
};

/// How many answers are kept; further ones are asked for each time.
const KEPT: usize = 4096;

/// An answer, once it is there.
type Answer<T> = Arc<OnceLock<Result<T, RegistryError>>>;

/// How many sets of Secrets keep their answers; those of further ones are asked for each time.
const KEPT_SETS: usize = 64;

/// Registries that policies ask.
pub struct RegistrySource {
    own: Arc<Asked>,
    /// By the Secrets of policies: what one may read another need not.
    by_secrets: Mutex<BTreeMap<RegistryAccess, Arc<Asked>>>,
    dice: (RandomState, AtomicU64),
}

/// Registries and what they said.
struct Asked {
    registries: Registries,
    metadata: Mutex<HashMap<String, Answer<Arc<Metadata>>>>,
    digests: Mutex<HashMap<String, Answer<String>>>,
}

impl RegistrySource {
    /// A source that asks these registries.
    #[must_use]
    pub fn new(registries: Registries) -> RegistrySource {
        RegistrySource {
            own: Arc::new(Asked::new(registries)),
            by_secrets: Mutex::default(),
            dice: (RandomState::new(), AtomicU64::new(0)),
        }
    }

    fn asked(&self, access: &RegistryAccess) -> Result<Arc<Asked>, RegistryError> {
        if access.configs.is_empty() {
            return Ok(Arc::clone(&self.own));
        }
        let mut known = self
            .by_secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(asked) = known.get(access) {
            return Ok(Arc::clone(asked));
        }
        let configs = access.configs.iter().map(|it| DockerConfig::of_secret(it));
        let configs = configs.collect::<Result<_, _>>()?;
        let asked = Arc::new(Asked::new(self.own.registries.asked_by(configs)?));
        if known.len() < KEPT_SETS {
            known.insert(access.clone(), Arc::clone(&asked));
        }
        Ok(asked)
    }
}

impl Asked {
    fn new(registries: Registries) -> Asked {
        Asked {
            registries,
            metadata: Mutex::default(),
            digests: Mutex::default(),
        }
    }

    fn metadata(&self, image: &str) -> Result<Arc<Metadata>, RegistryError> {
        let at = RegistryReference::parse(image, Strictness::Weak)?;
        let ask = || self.registries.metadata(&at).map(Arc::new);
        once(&self.metadata, at.name(), ask)
    }

    fn digest(&self, image: &str) -> Result<String, RegistryError> {
        let at = RegistryReference::parse(image, Strictness::Weak)?;
        once(&self.digests, at.name(), || self.registries.digest(&at))
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

    fn image(&self, reference: &str, access: &RegistryAccess) -> Lookup {
        let asked = self.asked(access);
        let found = asked.and_then(|asked| asked.metadata(reference));
        looked_up(found.map(|metadata| metadata.of_context(reference)))
    }

    fn image_metadata(&self, reference: &str) -> Lookup {
        let found = self.own.metadata(reference);
        looked_up(found.map(|metadata| metadata.of_cel(reference)))
    }

    fn image_digest(&self, image: &ImageInfo, access: &RegistryAccess) -> Lookup {
        let asked = self.asked(access);
        let found = asked.and_then(|asked| asked.digest(&image.reference));
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
