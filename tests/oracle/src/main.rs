//! `portcullis-oracle --kyverno PROGRAM --portcullis PROGRAM`: draws policies and objects, asks both
//! programs about them, and prints how often their answers differ.

#![expect(
    clippy::indexing_slicing,
    reason = "documents are literals that get a few more fields; a mistake shows at the first case"
)]

mod answer;
mod ask;
mod case;
mod compare;
mod conditions;
mod deliberate;
mod dice;
mod expressions;
mod families;
mod objects;
mod patterns;
mod policies;
mod run;

use std::{
    io::{self, Write},
    ops::Range,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, builder::PossibleValuesParser};

use crate::{ask::Programs, case::Size, dice::Dice, families::FAMILIES};

/// Draws policies and objects, asks Kyverno and Portcullis about them, and compares the answers.
///
/// Exits with 1 where the status of a row, an object, or whether a policy is refused differs.
#[derive(Parser)]
struct Arguments {
    /// Kyverno's command line; `tests/oracle/build-kyverno` builds it.
    #[arg(long, value_name = "PROGRAM")]
    kyverno: PathBuf,
    /// The command line of Portcullis.
    #[arg(long, value_name = "PROGRAM")]
    portcullis: PathBuf,
    /// A family of cases; all where none is named.
    #[arg(long, value_parser = PossibleValuesParser::new(families::names()))]
    family: Vec<String>,
    /// The seeds: one case each.
    #[arg(long, value_name = "A..B", default_value = "0..10", value_parser = seeds)]
    seeds: Range<u64>,
    /// How many policies a case has. Kyverno's program dies of some, which are then asked one by one.
    #[arg(long, default_value_t = 20)]
    policies: usize,
    /// How many objects a case has.
    #[arg(long, default_value_t = 20)]
    objects: usize,
    /// Write the files of each case into a folder `FOLDER/FAMILY-SEED`, too.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// Show so many differences of each kind, the smallest first.
    #[arg(long, default_value_t = 0)]
    show: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments, &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

/// Runs the families, and tells whether all is the same.
fn run(arguments: &Arguments, output: &mut dyn Write) -> io::Result<bool> {
    let programs = Programs {
        kyverno: arguments.kyverno.canonicalize()?,
        portcullis: arguments.portcullis.canonicalize()?,
    };
    let size = Size {
        policies: arguments.policies,
        objects: arguments.objects,
    };
    let mut is_same = true;
    for family in FAMILIES {
        if arguments.family.is_empty() || arguments.family.iter().any(|name| name == family.name) {
            for seed in arguments.seeds.clone() {
                if let Some(folder) = &arguments.write {
                    let case = (family.draw)(&Dice::new(family.name, seed), size);
                    case.write(&folder.join(format!("{}-{seed}", family.name)))?;
                }
            }
            let found = run::family(family, &programs, arguments.seeds.clone(), size)?;
            is_same &= found.is_same();
            found.print(family.name, arguments.show, output)?;
        }
    }
    Ok(is_same)
}

/// `A..B`.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (first, end) = text
        .split_once("..")
        .ok_or("write `A..B`, such as `0..10`")?;
    let number = |text: &str| text.parse().map_err(|error| format!("`{text}`: {error}"));
    Ok(number(first)?..number(end)?)
}
