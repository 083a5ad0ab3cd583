//! `portcullis jp query|parse|function`: tries expressions of Kyverno's JMESPath.

use std::{
    hash::{BuildHasher, RandomState},
    io::{self, Read},
    net::{IpAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::Subcommand;
use portcullis_jmespath::{Expression, FUNCTIONS, Host, ast_dump};
use portcullis_pipeline::diagnostic::{Diagnostic, Place, SourceFile};
use portcullis_values::Val;
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use crate::{exit_status::ExitStatus, output::console::Console};

/// Try a JMESPath expression.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis jp query -i policy-library/pod-security/disallow-privileged/policy.yaml 'spec.rules[].name'"
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
}

/// What to do with expressions.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Evaluate expressions on a YAML or JSON file.
    #[command(before_help = "Example:\n  portcullis jp query -i portcullis.yaml spec.library")]
    Query {
        /// The file; standard input when absent.
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
        /// The expressions.
        expressions: Vec<String>,
    },
    /// Show how expressions are understood.
    #[command(before_help = "Example:\n  portcullis jp parse 'spec.rules[].name'")]
    Parse {
        /// Files of expressions, one in each.
        #[arg(short, long, value_name = "FILE")]
        file: Vec<PathBuf>,
        /// The expressions.
        expressions: Vec<String>,
    },
    /// List functions with their signatures.
    #[command(before_help = "Example:\n  portcullis jp function split")]
    Function {
        /// The functions; all of them when absent.
        names: Vec<String>,
    },
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

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let answer = match &args.what {
        What::Query {
            input,
            query,
            compact,
            unquoted,
            expressions,
        } => sources(query, expressions)
            .and_then(|sources| evaluate(&sources, input.as_deref(), *compact, *unquoted)),
        What::Parse { file, expressions } => sources(file, expressions).and_then(|all| parse(&all)),
        What::Function { names } => functions(names),
    };
    match answer {
        Ok(text) => {
            console.data(&text)?;
            Ok(ExitStatus::Success)
        }
        Err(fault) => {
            console.tell(&[fault])?;
            Ok(ExitStatus::Error)
        }
    }
}

/// The expressions of the command line and of files.
fn sources(paths: &[PathBuf], expressions: &[String]) -> Result<Vec<SourceFile>, Diagnostic> {
    let named = paths.iter().map(|path| read(path));
    let given = expressions
        .iter()
        .map(|text| Ok(SourceFile::new("<expression>", text.as_str())));
    let all: Vec<SourceFile> = named.chain(given).collect::<Result<_, _>>()?;
    if all.is_empty() {
        return Err(Diagnostic::error("no expression is given")
            .help("write it in quotes, such as 'spec.rules[].name'"));
    }
    Ok(all)
}

fn read(path: &Path) -> Result<SourceFile, Diagnostic> {
    portcullis_pipeline::files::read_text(path, path)
}

fn compile(source: &SourceFile) -> Result<Expression, Diagnostic> {
    Expression::compile(source.text.trim())
        .map_err(|error| fault(source, error.offset, &error.message))
}

fn fault(source: &SourceFile, offset: usize, message: &str) -> Diagnostic {
    let indent = source.text.len() - source.text.trim_start().len();
    let place = Place {
        file: source.clone(),
        span: indent + offset..indent + offset,
    };
    Diagnostic::error(message).at(place, "here")
}

fn evaluate(
    sources: &[SourceFile],
    input: Option<&Path>,
    compact: bool,
    unquoted: bool,
) -> Result<String, Diagnostic> {
    let expressions: Vec<(&SourceFile, Expression)> = sources
        .iter()
        .map(|source| Ok((source, compile(source)?)))
        .collect::<Result<_, Diagnostic>>()?;
    let value = read_value(input)?;
    let mut text = String::new();
    for (source, expression) in &expressions {
        let found = expression
            .evaluate(&Val::from(&value), &World)
            .map_err(|error| fault(source, error.offset(), &error.to_string()))?;
        text.push_str(&format!("# {}\n", source.text.trim()));
        text.push_str(&match (found.to_json(), compact) {
            (Value::String(found), _) if unquoted => found,
            (found, true) => found.to_string(),
            (found, false) => format!("{found:#}"),
        });
        text.push('\n');
    }
    Ok(text)
}

fn read_value(input: Option<&Path>) -> Result<Value, Diagnostic> {
    let file = match input {
        Some(path) => read(path)?,
        None => SourceFile::new("<stdin>", standard_input()?),
    };
    portcullis_yaml::read(&file.text, Mode::Lenient, &Limits::default()).map_err(|error| {
        let place = Place {
            file: file.clone(),
            span: error.offset..error.offset,
        };
        Diagnostic::error("the input is not valid YAML").at(place, error.message)
    })
}

fn standard_input() -> Result<String, Diagnostic> {
    let mut text = String::new();
    match io::stdin().lock().read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => Err(Diagnostic::error(format!("standard input: {error}"))),
    }
}

fn parse(sources: &[SourceFile]) -> Result<String, Diagnostic> {
    let trees = sources.iter().map(|source| {
        let expression = compile(source)?;
        Ok(format!(
            "# {}\n{}\n",
            expression.source(),
            ast_dump(&expression).trim_end()
        ))
    });
    trees.collect()
}

fn functions(names: &[String]) -> Result<String, Diagnostic> {
    let known = |name: &&String| FUNCTIONS.iter().any(|function| function.name == **name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        let fault = Diagnostic::error(format!("there is no function `{name}`"));
        return Err(fault.help("`portcullis jp function` lists them all"));
    }
    let mut wanted: Vec<_> = FUNCTIONS
        .iter()
        .filter(|function| names.is_empty() || names.iter().any(|name| name == function.name))
        .collect();
    wanted.sort_by_key(|function| function.name);
    let texts = wanted.into_iter().map(|function| {
        let (name, signature, note) = (function.name, function.signature(), function.note);
        format!("Name: {name}\n  Signature: {signature}\n  Note:      {note}\n\n")
    });
    Ok(texts.collect())
}
