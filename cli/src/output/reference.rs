//! The reference of the command line in Markdown, from the definition of the commands: as one page,
//! or a page for each command.

use clap::Command;

/// How the pages of a folder are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageStyle {
    /// Starts with a title for a generator of web pages, instead of a heading.
    pub website: bool,
    /// Links to the Markdown file of a page, also for a generator of web pages.
    pub markdown_links: bool,
    /// Ends with a line that says what wrote the page.
    pub tag: bool,
}

/// The help of every command, under a heading each.
#[must_use]
pub fn whole(mut program: Command) -> String {
    program.build();
    let mut text = String::new();
    add_section(&mut text, &mut program, "");
    text
}

fn add_section(text: &mut String, command: &mut Command, above: &str) {
    let name = format!("{above}{}", command.get_name());
    text.push_str(&format!("\n## `{name}`\n\n{}", help(command)));
    for below in command.get_subcommands_mut() {
        add_section(text, below, &format!("{name} "));
    }
}

/// The help as the program prints it.
fn help(command: &mut Command) -> String {
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    format!("```text\n{}\n```\n", lines.join("\n").trim_end())
}

/// A page for each command, by file name, such as `portcullis_create_test.md`.
#[must_use]
pub fn pages(mut program: Command, style: PageStyle) -> Vec<(String, String)> {
    program.build();
    let mut pages = Vec::new();
    add_page(&mut pages, &mut program, None, style);
    pages
}

fn add_page(
    pages: &mut Vec<(String, String)>,
    command: &mut Command,
    above: Option<&str>,
    style: PageStyle,
) {
    let name = match above {
        Some(above) => format!("{above} {}", command.get_name()),
        None => command.get_name().to_owned(),
    };
    let mut text = if style.website {
        format!("---\ntitle: {name}\n---\n\n")
    } else {
        format!("# {name}\n\n")
    };
    text.push_str(&help(command));
    let links = links(command, &name, above, style);
    if !links.is_empty() {
        text.push_str(&format!("\nSee also:\n\n{links}"));
    }
    if style.tag {
        text.push_str("\nWritten by `portcullis docs`.\n");
    }
    pages.push((format!("{}.md", name.replace(' ', "_")), text));
    for below in command.get_subcommands_mut() {
        add_page(pages, below, Some(&name), style);
    }
}

fn links(command: &Command, name: &str, above: Option<&str>, style: PageStyle) -> String {
    let mut links = String::new();
    if let Some(above) = above {
        links.push_str(&format!("- {}\n", link(above, style)));
    }
    for below in command.get_subcommands() {
        let about = below.get_about().map(ToString::to_string);
        let name = format!("{name} {}", below.get_name());
        let about = about.unwrap_or_default();
        links.push_str(&format!("- {}: {about}\n", link(&name, style)));
    }
    links
}

fn link(name: &str, style: PageStyle) -> String {
    let page = name.replace(' ', "_");
    if style.website && !style.markdown_links {
        format!("[{name}](../{page}/)")
    } else {
        format!("[{name}]({page}.md)")
    }
}
