//! `portcullis jp query`: evaluates expressions on a YAML or JSON file.

use std::{
    hash::{BuildHasher, RandomState},
    net::{IpAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis_jmespath::Host;
use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files::{self, STANDARD_INPUT},
};
use portcullis_values::{Val, gojson};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

use super::expressions::{self, Source};
use crate::output::{answer::Answer, console::Console, json};

/// Evaluate expressions on a YAML or JSON file.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis jp query -i portcullis.yaml spec.library\n  cat portcullis.yaml | portcullis jp query spec.library\n  echo spec.library | portcullis jp query -i portcullis.yaml"
)]
pub struct Args {
    /// The file; standard input when absent, or `-`.
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Files of expressions, one in each.
    #[arg(short, long, value_name = "FILE")]
    query: Vec<PathBuf>,
    /// Write JSON on one line.
    #[arg(short, long)]
    compact: bool,
    /// Write text without quotes.
    #[arg(short, long)]
    unquoted: bool,
    /// The expressions; with `--input`, standard input when absent.
    expressions: Vec<String>,
}

/// The command's name.
pub(super) const COMMAND: &str = "jp query";

/// What the expressions give.
pub(super) fn answer(args: &Args, console: &mut Console) -> Result<Answer, Diagnostic> {
    let mut sources = expressions::given(&args.query, &args.expressions)?;
    let input = args.input.as_deref();
    let input = input.filter(|path| *path != Path::new("-"));
    if sources.is_empty() {
        if input.is_none() {
            return Err(Diagnostic::error("no expression and no input is given")
                .help("write the expression in quotes, such as 'spec.rules[].name'")
                .help("standard input can be the input, or the expression beside `--input`"));
        }
        sources.push(expressions::typed(console)?);
    }
    let input = read(input, console)?;
    let found = sources
        .iter()
        .map(|source| (source, evaluate(source, &input)));
    Ok(to_answer(&found.collect::<Vec<_>>(), args))
}

type Found = Result<Value, Diagnostic>;

fn evaluate(source: &Source, input: &Value) -> Found {
    let expression = source.expression.as_ref().map_err(Diagnostic::clone)?;
    let found = expression.evaluate(&Val::from(input), &World);
    let found = found.map_err(|error| source.fault(error.offset(), &error.message()))?;
    Ok(found.to_json())
}

fn to_answer(found: &[(&Source, Found)], args: &Args) -> Answer {
    let written = |value: &Value| match value {
        Value::String(text) if args.unquoted => text.clone(),
        value if args.compact => gojson::compact(value),
        value => gojson::pretty(value),
    };
    let texts = found.iter().filter_map(|(source, found)| {
        let found = found.as_ref().ok()?;
        Some(format!("# {}\n{}\n", source.text(), written(found)))
    });
    let values = found.iter().map(|(source, found)| match found {
        Ok(value) => json!({"expression": source.text(), "result": value}),
        Err(fault) => json!({"expression": source.text(), "error": json::finding(fault)}),
    });
    let rows = found.iter().map(|(source, found)| {
        let said = match found {
            Ok(value) => gojson::compact(value),
            Err(fault) => format!("error: {}", fault.message),
        };
        vec![source.text().to_owned(), said]
    });
    let cases = found
        .iter()
        .map(|(source, found)| source.case(found.as_ref().map(written).map_err(Clone::clone)));
    let head = ["Expression", "Result"].map(str::to_owned).to_vec();
    Answer {
        command: COMMAND,
        text: texts.collect(),
        value: values.collect(),
        table: std::iter::once(head).chain(rows).collect(),
        cases: cases.collect(),
        ..Answer::default()
    }
}

fn read(input: Option<&Path>, console: &mut Console) -> Result<Value, Diagnostic> {
    let file = match input {
        Some(path) => files::read_text(path, path)?,
        None => {
            let text = expressions::standard_input("YAML or JSON", console)?;
            SourceFile::new(STANDARD_INPUT, text)
        }
    };
    portcullis_yaml::read(&file.text, Mode::Lenient, &Limits::default()).map_err(|error| {
        let place = Place {
            file: file.clone(),
            span: error.offset..error.offset,
        };
        Diagnostic::error("the input is not valid YAML").at(place, error.message)
    })
}

/// The clock, the random numbers and the names of this machine.
struct World;

impl Host for World {
    fn now(&self) -> i128 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanoseconds = since.map(|since| i128::try_from(since.as_nanos()));
        nanoseconds.map_or(0, |nanoseconds| nanoseconds.unwrap_or(i128::MAX))
    }

    fn random(&self) -> u64 {
        // Every state has keys of its own, which come from the system's random numbers.
        RandomState::new().hash_one(())
    }

    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let found = (name, 0).to_socket_addrs();
        let found = found.map_err(|error| format!("`{name}` cannot be looked up: {error}"))?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
