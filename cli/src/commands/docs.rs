//! `portcullis docs`: the reference of the command line in Markdown.

use std::{io, path::PathBuf};

use clap::ArgAction;

use crate::{
    commands::output_file,
    exit_status::ExitStatus,
    output::{
        console::Console,
        reference::{self, PageStyle},
    },
};

/// Write the reference of the command line in Markdown, as one page, or as a page for each command.
#[derive(Debug, clap::Args)]
#[command(before_help = "Example:\n  portcullis docs -o docs/cli")]
pub struct Args {
    /// Write `portcullis.md`, `portcullis_apply.md` and so on into this folder.
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Write pages for a generator of web pages, such as Hugo: a title in front, links to pages.
    #[arg(long, requires = "output")]
    pub website: bool,
    /// End each page with a line that says what wrote it.
    #[arg(
        long = "autogenTag",
        value_name = "true|false",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        action = ArgAction::Set,
        hide_possible_values = true
    )]
    pub autogen_tag: bool,
    /// Taken for Kyverno's sake: no page has a date.
    #[arg(long = "noDate")]
    pub no_date: bool,
    /// With `--website`, link to the Markdown files.
    #[arg(long = "markdownLinks")]
    pub markdown_links: bool,
}

/// Runs the command for a program of a definition.
///
/// # Errors
/// Where the answer cannot be written.
pub fn run(args: &Args, program: clap::Command, console: &mut Console) -> io::Result<ExitStatus> {
    let Some(folder) = &args.output else {
        let text = format!("# The command line\n{}", reference::whole(program));
        console.data(&text)?;
        return Ok(ExitStatus::Success);
    };
    let style = PageStyle {
        website: args.website,
        markdown_links: args.markdown_links,
        tag: args.autogen_tag,
    };
    for (name, text) in reference::pages(program, style) {
        let status = output_file::write(&folder.join(name), &text, console)?;
        if status != ExitStatus::Success {
            return Ok(status);
        }
    }
    Ok(ExitStatus::Success)
}
