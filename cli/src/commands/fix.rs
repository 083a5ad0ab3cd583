//! `portcullis fix policy|test`: older forms of policies and test suites made new.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use portcullis_pipeline::{
    diagnostic::{Diagnostic, Severity},
    files,
    fix::{self, Fixed, Subject},
};
use similar::TextDiff;

use crate::{commands::manifest_files, exit_status::ExitStatus, output::console::Console};

/// Make older forms of policies and test suites new; comments and layout stay.
///
/// Without `--save`, print what would change as a patch, which `patch -p0` takes. What a policy says
/// of a resource stays the same; where that cannot be promised, the form is left, with a warning.
/// Templates of a policy library are read with their tags taken out.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis fix policy policies/ --save",
    after_help = "Exit codes: 0 done, whatever was found; 2 a file could not be used."
)]
pub struct Args {
    /// What to look through.
    #[command(subcommand)]
    pub what: What,
}

/// What can be looked through.
#[derive(Debug, Subcommand)]
pub enum What {
    /// ClusterPolicies and Policies in the YAML files of folders, and files.
    Policy(PolicyArgs),
    /// Test suites.
    Test(TestArgs),
}

/// The arguments of `fix policy`.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis fix policy policies/ --save")]
pub struct PolicyArgs {
    /// Files and folders.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write the files.
    #[arg(long)]
    pub save: bool,
}

/// The arguments of `fix test`.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis fix test tests/ --save")]
pub struct TestArgs {
    /// Files, and folders whose suites are looked through.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The name of the files that hold suites.
    #[arg(short, long, value_name = "NAME", default_value = "kyverno-test.yaml")]
    pub file_name: String,
    /// Write the files.
    #[arg(long)]
    pub save: bool,
    /// With `--save`, write a suite too where something is left to do by hand.
    #[arg(long)]
    pub force: bool,
}

/// What to do with the files.
struct Plan {
    subject: Subject,
    save: bool,
    /// Whether a file is written where something in it is left to people.
    in_part: bool,
}

/// Runs the command.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, console: &mut Console) -> io::Result<ExitStatus> {
    let (paths, plan) = match &args.what {
        What::Policy(args) => (
            &args.paths,
            Plan {
                subject: Subject::Policies,
                save: args.save,
                in_part: true,
            },
        ),
        What::Test(args) => (
            &args.paths,
            Plan {
                subject: Subject::Suites,
                save: args.save,
                in_part: args.force,
            },
        ),
    };
    let (mut found, faults) = manifest_files::of(paths);
    found.retain(|path| match &args.what {
        What::Policy(_) => is_yaml(path),
        What::Test(args) => paths.contains(path) || path.ends_with(&args.file_name),
    });
    console.tell(&faults)?;
    let mut failed = !faults.is_empty();
    let mut counts = Counts::default();
    for path in &found {
        failed |= fix_file(path, &plan, &mut counts, console)? != ExitStatus::Success;
    }
    console.talk(&counts.text(plan.save))?;
    Ok(if failed {
        ExitStatus::Error
    } else {
        ExitStatus::Success
    })
}

/// JSON has no comments to keep, and no block layout.
fn is_yaml(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml"))
}

fn fix_file(
    path: &Path,
    plan: &Plan,
    counts: &mut Counts,
    console: &mut Console,
) -> io::Result<ExitStatus> {
    let file = match files::read_text(path, path) {
        Ok(file) => file,
        Err(fault) => {
            console.tell(&[fault])?;
            return Ok(ExitStatus::Error);
        }
    };
    let fixed = fix::fix(&file, plan.subject);
    let unusable = fixed.left.iter().any(|one| one.severity == Severity::Error);
    let kept = plan.save && !plan.in_part && !fixed.left.is_empty();
    counts.add(&fixed, kept);
    if !fixed.done.is_empty() && !kept {
        if plan.save {
            if let Err(error) = fs::write(path, &fixed.text) {
                console.tell(&[Diagnostic::unreadable(path, &error)])?;
                return Ok(ExitStatus::Error);
            }
        } else {
            console.data(&patch(path, &file.text, &fixed.text))?;
        }
    }
    for (place, message) in &fixed.done {
        console.talk(&format!("{}: {message}\n", place.label()))?;
    }
    console.tell(&fixed.left)?;
    if kept && !fixed.done.is_empty() {
        let path = path.display();
        console.talk(&format!("{path}: not written, as something is left to do by hand; `--force` writes it all the same\n"))?;
    }
    Ok(if unusable {
        ExitStatus::Error
    } else {
        ExitStatus::Success
    })
}

/// What changes in a file, as `diff -u` writes it.
fn patch(path: &Path, before: &str, after: &str) -> String {
    let path = path.display().to_string();
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(&path, &path)
        .to_string()
}

#[derive(Default)]
struct Counts {
    files: usize,
    forms: usize,
    left: usize,
}

impl Counts {
    fn add(&mut self, fixed: &Fixed, kept: bool) {
        self.left += fixed.left.len();
        if !fixed.done.is_empty() && !kept {
            self.files += 1;
            self.forms += fixed.done.len();
        }
    }

    fn text(&self, save: bool) -> String {
        let number = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {one}s"),
        };
        let left = match self.left {
            0 => String::new(),
            count => format!("; {count} left to do by hand"),
        };
        if self.files == 0 {
            return format!("nothing was changed{left}\n");
        }
        let forms = number(self.forms, "older form");
        let files = number(self.files, "file");
        if save {
            format!("{forms} made new in {files}{left}\n")
        } else {
            format!("{forms} to make new in {files}{left}; `--save` writes them\n")
        }
    }
}
