//! `portcullis migrate policy PATH…`: policies of `kyverno.io` as ValidatingPolicies.

use std::{io, path::PathBuf};

use portcullis_pipeline::migration::{self, Migration, MigrationOptions};

use crate::{commands::output_file, exit_status::ExitStatus, output::console::Console};

/// Write the rules of ClusterPolicies and Policies that validate as ValidatingPolicies.
///
/// Each rule is asked beside its translation: the objects of the policy's own tests, thousands of
/// variations of these, and objects such as its pattern describes. What decides alike on all of them is
/// written; the rest is listed with the reason, or with the object that shows the difference.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis migrate policy policies/ --output migrated/",
    after_help = "\
Rules that autogen derives become policies of their own. Exit codes: 0 every rule has been translated; 1 one has not been;
2 a file could not be used."
)]
pub struct Args {
    /// Files and folders of policies.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write each policy to a file of this folder instead of standard output.
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Folders of further objects to try, beside those near each policy.
    #[arg(long, value_name = "FOLDER", value_delimiter = ',')]
    pub resources: Vec<PathBuf>,
    /// How many inputs each rule and its translation are asked.
    #[arg(long, value_name = "COUNT", default_value_t = 2000)]
    pub inputs: usize,
    /// What the inputs are drawn with; the same seed draws the same.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub(super) fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let options = MigrationOptions {
        inputs: args.inputs,
        seed: args.seed,
        resources: args.resources.clone(),
    };
    let found = migration::migrate(&args.paths, &options);
    let mut status = write(args, &found, console)?;
    for rule in &found.rules {
        console.tell(&rule.obstacles)?;
    }
    console.tell(&found.faults)?;
    for rule in found.rules.iter().filter(|rule| rule.translated.is_some()) {
        console.talk(&format!(
            "{}/{}: alike on {} inputs, {} of them refused\n",
            rule.policy, rule.rule, rule.inputs, rule.refused
        ))?;
    }
    let translated = found.rules.iter().filter(|rule| rule.translated.is_some());
    let (translated, all) = (translated.count(), found.rules.len());
    console.talk(&format!(
        "{translated} of {all} rules translated; {} inputs a rule, seed {}\n",
        args.inputs, args.seed
    ))?;
    if translated < all {
        status = status.max(ExitStatus::Failure);
    }
    if !found.faults.is_empty() {
        status = ExitStatus::Error;
    }
    Ok(status)
}

fn write(args: &Args, found: &Migration, console: &mut Console) -> io::Result<ExitStatus> {
    let mut status = ExitStatus::Success;
    let mut texts = Vec::new();
    for policy in found
        .rules
        .iter()
        .filter_map(|rule| rule.translated.as_ref())
    {
        // A policy is always JSON.
        let text = portcullis_yaml::write(&serde_json::to_value(policy).unwrap_or_default());
        match &args.output {
            Some(folder) => {
                let name = policy.metadata.name.as_deref().unwrap_or_default();
                let path = folder.join(format!("{name}.yaml"));
                status = status.max(output_file::write(&path, &text, console)?);
            }
            None => texts.push(text),
        }
    }
    if !texts.is_empty() {
        console.data(&texts.join("---\n"))?;
    }
    Ok(status)
}
