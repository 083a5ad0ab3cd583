//! `portcullis-bench`: how long the commands take, beside what bounds them. See `README.md`.

mod compiling;
mod expressions;
mod manifests;
mod mutations;
mod process;
mod reading;
mod sizes;
mod turns;

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Parser;
use portcullis_pipeline::{library, render, workspace::Workspace};

use self::{
    process::{Invocation, Measured},
    turns::Taken,
};

/// The Pod Security standards as sixteen policies in CEL.
const VALIDATIONS: &str = include_str!("../validations.yaml");

/// How often each figure is taken; the median counts.
const RUNS: usize = 5;

/// How often a figure is taken that is compared with another.
const RUNS_BESIDE: usize = 15;

/// The profiles are the other policies once more, by `podSecurity`.
const PROFILES: &[&str] = &["baseline-profile", "restricted-profile"];

/// Measures the commands of a release build against what bounds them.
#[derive(Parser)]
struct Arguments {
    /// The binary.
    #[arg(long, default_value = "target/release/portcullis")]
    binary: PathBuf,
    /// The workspace whose Pod Security policies are applied.
    #[arg(long, default_value = ".")]
    workspace: PathBuf,
    /// A folder of Kyverno's suites, if there is one.
    #[arg(long)]
    suites: Option<PathBuf>,
    /// Only write the Pod Security policies, with action Enforce, into this folder.
    #[arg(long, value_name = "FOLDER")]
    write_policies: Option<PathBuf>,
    /// Only make many policies ready, as the webhook does.
    #[arg(long)]
    compile: bool,
    /// Only read and compile the policies of this file.
    #[arg(long, value_name = "FILE", hide = true)]
    compile_file: Option<PathBuf>,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if let Some(folder) = &arguments.write_policies {
        let count = write_policies(&arguments.workspace, folder, Some("Enforce"))?;
        return writeln!(io::stdout(), "{count} policies");
    }
    if let Some(file) = &arguments.compile_file {
        let taken = compiling::compile(file)?;
        return writeln!(io::stdout(), "{:.3} s", taken.as_secs_f64());
    }
    let scratch = std::env::temp_dir().join(format!("portcullis-bench-{}", std::process::id()));
    std::fs::create_dir_all(&scratch)?;
    let done = match arguments.compile {
        true => compile(&scratch, &mut io::stdout().lock()),
        false => run(&arguments, &scratch),
    };
    std::fs::remove_dir_all(&scratch)?;
    done
}

fn run(arguments: &Arguments, scratch: &Path) -> io::Result<()> {
    let validations = scratch.join("policies");
    let policies = write_policies(&arguments.workspace, &validations, None)?;
    let mut output = io::stdout().lock();
    let expressions = expressions::measure()?;
    writeln!(
        output,
        "CEL: {} rules on a Pod of five containers: {:.2} µs each, {:.2} µs the slowest, bound 1.5 µs; {:.1} times as long as by hand, bound 5",
        expressions.count,
        expressions.middle / 1e3,
        expressions.slowest / 1e3,
        expressions.ratio
    )?;
    let in_cel = scratch.join("validations.yaml");
    std::fs::write(&in_cel, VALIDATIONS)?;
    let mutations = scratch.join("mutations.yaml");
    std::fs::write(&mutations, mutations::POLICIES)?;
    let apply = |policies: &Path, count: usize| {
        let file = write_workloads(scratch, count)?;
        let words = [
            "apply".as_ref(),
            policies.as_os_str(),
            "--resource".as_ref(),
            file.as_os_str(),
        ];
        Ok::<_, io::Error>(Invocation::new(&arguments.binary, &words))
    };
    let file = write_workloads(scratch, 8_000)?;
    let (validating, mutating) = (apply(&validations, 8_000)?, apply(&mutations, 8_000)?);
    let peaks = (validating.peak()?, mutating.peak()?);
    let [applied, reading, with_places, mutated] = turns::take(
        RUNS_BESIDE,
        [
            &mut || validating.time(),
            &mut || reading::plain(&file),
            &mut || reading::with_places(&file),
            &mut || mutating.time(),
        ],
    )?;
    let measured = |wall, peak| Measured { wall, peak };
    writeln!(
        output,
        "apply: {policies} policies to 8,000 workloads: {}; bound 0.6 s, 150 MiB",
        measured(applied, peaks.0)
    )?;
    let size = std::fs::metadata(&file)?.len() as f64;
    let rate = |taken: Taken| size / 1e6 / taken.middle.as_secs_f64();
    writeln!(
        output,
        "reading the same YAML: {:.3} s, {:.0} MB/s; with the place of every node {:.3} s, {:.0} MB/s",
        reading.middle.as_secs_f64(),
        rate(reading),
        with_places.middle.as_secs_f64(),
        rate(with_places)
    )?;
    let (middle, best) = applied.ratios(reading);
    writeln!(
        output,
        "apply takes {middle:.2} times as long as reading, {best:.2} at the best of both; bound 3"
    )?;
    let each = sizes::measure(|count| apply(&validations, count)?.time())?;
    writeln!(output, "apply, {each}")?;
    let (middle, best) = mutated.ratios(applied);
    writeln!(
        output,
        "apply: 10 mutate policies to 8,000 workloads: {}; {middle:.2} times as long as the validation, {best:.2} at the best of both, bound 2",
        measured(mutated, peaks.1)
    )?;
    let each = sizes::measure(|count| apply(&mutations, count)?.time())?;
    writeln!(output, "mutation, {each}")?;
    let judged = apply(&in_cel, 2_000)?.measure(RUNS)?;
    writeln!(
        output,
        "apply: 16 ValidatingPolicies to 2,000 workloads: {judged}; bound 0.5 s"
    )?;
    compile(scratch, &mut output)?;
    let mixed = scratch.join("mixed.yaml");
    std::fs::write(&mixed, manifests::mixed(50_000))?;
    let words = ["validate".as_ref(), mixed.as_os_str()];
    let measure = |words: &[&OsStr]| Invocation::new(&arguments.binary, words).measure(RUNS);
    let validated = measure(&words)?;
    writeln!(output, "validate: 50,000 manifests: {validated}; bound 3 s")?;
    let words = [
        "verify".as_ref(),
        "--workspace".as_ref(),
        arguments.workspace.as_os_str(),
    ];
    let verified = measure(&words)?;
    writeln!(output, "verify: {verified}; bound 0.3 s")?;
    if let Some(suites) = &arguments.suites {
        let words = ["test".as_ref(), "--compat".as_ref(), suites.as_os_str()];
        let tested = measure(&words)?;
        writeln!(output, "test --compat: {tested}; bound 1 s")?;
    }
    Ok(())
}

/// Makes many policies ready in a process of its own, which does nothing else.
fn compile(scratch: &Path, output: &mut impl Write) -> io::Result<()> {
    let file = scratch.join("policies.yaml");
    std::fs::write(&file, compiling::policies())?;
    // What does not compile would be fast.
    compiling::compile(&file)?;
    let words = ["--compile-file".as_ref(), file.as_os_str()];
    let own = std::env::current_exe()?;
    let compiled = Invocation::new(&own, &words).measure(RUNS)?;
    let (policies, rules) = (compiling::POLICIES, 2 * compiling::POLICIES);
    writeln!(
        output,
        "webhook: {policies} policies with {rules} rules read and compiled: {compiled}; bound 2 s, 128 MiB"
    )?;
    let changed = compiling::change()?.as_secs_f64();
    writeln!(
        output,
        "webhook: one of {policies} policies changed: {changed:.3} s; bound 1 s with 0.1 s for gathering"
    )
}

/// Writes workloads to a file, once.
fn write_workloads(scratch: &Path, count: usize) -> io::Result<PathBuf> {
    let file = scratch.join(format!("{count}.yaml"));
    if !file.exists() {
        std::fs::write(&file, manifests::workloads(count))?;
    }
    Ok(file)
}

/// Writes the Pod Security policies of a workspace with their defaults, or another action, and says
/// how many.
fn write_policies(workspace: &Path, folder: &Path, action: Option<&str>) -> io::Result<usize> {
    let fault = |_| io::Error::other("the workspace has faults; run `portcullis verify`");
    let workspace = Workspace::load(workspace, workspace).map_err(fault)?;
    let (library, _) = library::load(&workspace);
    std::fs::create_dir_all(folder)?;
    let mut count = 0;
    for policy in library.policies.values() {
        if policy.set != "pod-security" || PROFILES.contains(&policy.name.as_str()) {
            continue;
        }
        let rendered = render::render_policy(&workspace, policy, None)
            .map_err(|fault| io::Error::other(fault.message))?;
        let mut text = rendered.rendered.text;
        if let Some(action) = action {
            text = text.replace("failureAction: Audit", &format!("failureAction: {action}"));
        }
        std::fs::write(folder.join(format!("{}.yaml", policy.name)), &text)?;
        count += 1;
    }
    Ok(count)
}
