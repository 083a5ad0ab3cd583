//! A suite's policies on its resources: loaded and compiled once, evaluated once an operation.

use std::{collections::BTreeMap, path::Path};

use portcullis_api::test_file::{Test, TestResult};
use portcullis_engine::{
    PolicySet,
    compile_options::{CompileError, CompileOptions},
    evaluate,
    record::Silent,
    request::{NumberModel, Operation},
    response::EngineResponse,
};

use super::{Judgement, SuiteOptions, inputs::Inputs};
use crate::offline::{requests::request, source::OfflineSource, values::operation};

/// What the policies say of each resource and then of each payload, in their order.
pub type Answers = Vec<Vec<EngineResponse>>;

/// One test, ready to be evaluated.
#[derive(Debug)]
pub struct Evaluation {
    /// What the test names.
    pub inputs: Inputs,
    /// Its policies.
    pub set: PolicySet,
    /// Policies that are refused, each with the reason.
    pub refused: Vec<CompileError>,
}

impl Evaluation {
    /// Loads and compiles what a test in a folder names.
    #[must_use]
    pub fn new(folder: &Path, test: &Test, options: &SuiteOptions) -> Evaluation {
        let compat = options.judgement == Judgement::Compat;
        let numbers = if compat {
            NumberModel::KyvernoOffline
        } else {
            NumberModel::Integers
        };
        let mut inputs = Inputs::load(folder, test, &options.overrides, numbers);
        inputs.world.registries.clone_from(&options.registries);
        let (set, refused) = inputs
            .policies
            .compile(&inputs.exceptions, &CompileOptions { compat });
        Evaluation {
            inputs,
            set,
            refused,
        }
    }

    /// Evaluates every operation that the cases of a test name, and that of the values, which stands
    /// under none.
    #[must_use]
    pub fn answers(&self, test: &Test) -> BTreeMap<Option<Operation>, Answers> {
        let mut answers = BTreeMap::new();
        for operation in std::iter::once(None).chain(test.results.iter().map(named)) {
            answers
                .entry(operation)
                .or_insert_with(|| self.evaluate(operation));
        }
        answers
    }

    fn evaluate(&self, named: Option<Operation>) -> Answers {
        let world = &self.inputs.world;
        // What a case names stands above the values.
        let values = named.map(|_| world.values.without_operation());
        let values = values.as_ref().unwrap_or(&world.values);
        let operation = named.unwrap_or(values.operation());
        let source = OfflineSource::with_values(world, values);
        let catalogue = &world.catalogue;
        let objects = self.inputs.objects.iter();
        let answers = objects.map(|object| {
            let request = request(object, operation, catalogue, &self.inputs.surroundings);
            evaluate(&self.set, &request, &source, &mut Silent)
        });
        let payloads = self.inputs.payloads.iter().map(|payload| {
            let request = payload.request(&self.inputs.surroundings);
            evaluate(&self.set, &request, &source, &mut Silent)
        });
        answers.chain(payloads).collect()
    }
}

/// The operation that a case names.
#[must_use]
pub fn named(case: &TestResult) -> Option<Operation> {
    let name = case.operation.as_deref().filter(|name| !name.is_empty());
    name.map(|name| operation(Some(name)))
}
