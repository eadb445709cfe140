//! The pages for whoever an alarm wakes have one form. That each alarm has one is a promise of the templates, and
//! that its commands run is shown end to end.

use std::collections::BTreeSet;

use super::holds;
use super::tree::{self, File};

const FOLDER: &str = "docs/runbooks/";
const README: &str = "README";
const SECTIONS: [&str; 4] = ["What it means", "Look", "Do", "Over when"];

/// What commands may say besides words: the page README explains each.
const VARIABLES: [&str; 7] = [
    "ACCOUNT", "NAME", "REGION", "REQUEST", "SINCE", "STAGE", "VERSION",
];

/// The commands that are not run, by their beginnings, and why.
const NOT_RUN: [(&str, &str, &str); 5] = [
    (
        "audit-failing",
        "aws secretsmanager restore-secret",
        "needs keys that are to be deleted",
    ),
    (
        "observe-dead-letters-waiting",
        "aws sqs start-message-move-task",
        "the local cloud has no move tasks",
    ),
    (
        "rotate-database-steps-throttled",
        "aws service-quotas get-service-quota",
        "the local cloud has no quotas",
    ),
    (
        "rotate-keys-steps-throttled",
        "aws service-quotas get-service-quota",
        "the local cloud has no quotas",
    ),
    (
        "rotations-stuck",
        "aws secretsmanager update-secret-version-stage",
        "needs a version that is stuck",
    ),
];

/// A command of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    /// As it stands there, over as many lines; without its mark.
    pub text: String,
    /// The section that it stands in.
    pub section: String,
    /// Why it is not run, if it is not.
    pub mark: Option<String>,
}

impl Command {
    /// The words behind the last `|`.
    fn words(&self) -> Vec<&str> {
        let last = self.text.rsplit("| aws").next().unwrap_or_default();
        let words: Vec<_> = last.split_whitespace().collect();
        if last.len() == self.text.len() {
            words
        } else {
            [vec!["aws"], words].concat()
        }
    }

    /// Whether it is one of ours, or else of AWS.
    pub fn is_ours(&self) -> bool {
        self.text.starts_with("rekey ")
    }

    /// Whether it changes nothing but what it prints.
    pub fn looks(&self) -> bool {
        let words = self.words();
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        if !self.is_ours() {
            let looking = [
                "describe-",
                "filter-",
                "get-",
                "list-",
                "lookup-",
                "receive-",
            ];
            return looking.iter().any(|verb| word(2).starts_with(verb));
        }
        match (word(1), word(2)) {
            ("secrets" | "impact", _) => true,
            ("doctor", _) => !words.contains(&"--run"),
            ("audit", verb) => ["list", "verify"].contains(&verb),
            ("requests" | "replay" | "requesters", verb) => ["list", "show"].contains(&verb),
            _ => false,
        }
    }

    /// The names behind each `$`.
    fn variables(&self) -> BTreeSet<&str> {
        let after = self.text.split('$').skip(1);
        let names = after.map(|text| {
            let end = text.find(|c: char| !c.is_ascii_uppercase());
            text.split_at(end.unwrap_or(text.len())).0
        });
        // `$.level` is a field of a log line, and `$(date ...)` a command.
        names.filter(|name| !name.is_empty()).collect()
    }
}

/// A page, and its name: that of its alarm without `rekey-<stage>-`.
pub fn pages() -> Vec<(String, &'static File)> {
    let files = tree::files().iter();
    let named = files.filter_map(|file| {
        let name = file.path.strip_prefix(FOLDER)?.strip_suffix(".md")?;
        Some((name.to_owned(), file))
    });
    named.collect()
}

/// The commands of a page: the lines of its blocks of `sh`, which a backslash makes longer.
pub fn commands(page: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let (mut fence, mut section, mut open) = (None, String::new(), String::new());
    for line in page.lines() {
        let bare = line.trim();
        if let Some(language) = bare.strip_prefix("```") {
            fence = fence.is_none().then(|| language.to_owned());
        } else if fence.is_none() {
            if let Some(heading) = bare.strip_prefix("## ") {
                section = heading.to_owned();
            }
        } else if fence.as_deref() == Some("sh") {
            open.push_str(bare);
            if let Some(longer) = open.strip_suffix('\\') {
                open = format!("{longer}\\\n");
            } else {
                let whole = std::mem::take(&mut open);
                let (text, mark) = match whole.split_once("# not run here:") {
                    Some((text, why)) => (text.trim().to_owned(), Some(why.trim().to_owned())),
                    None => (whole, None),
                };
                let section = section.clone();
                commands.push(Command {
                    text,
                    section,
                    mark,
                });
            }
        }
    }
    commands
}

/// What is wrong with the form of a page.
fn misshapen(name: &str, page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut fault = |what: String| wrong.push(format!("{FOLDER}{name}.md: {what}"));
    let commands = commands(page);
    for command in &commands {
        let text = &command.text;
        if !(text.starts_with("rekey ") || text.starts_with("aws ") || text.contains("| aws ")) {
            fault(format!("neither rekey nor aws: {text}"));
        }
        for unknown in command.variables().difference(&VARIABLES.into()) {
            fault(format!("no variable that the README explains: ${unknown}"));
        }
        if command.section == "Look" && !command.looks() {
            fault(format!("changes something where one only looks: {text}"));
        }
    }
    if name == README {
        return wrong;
    }
    if page.lines().next() != Some(&format!("# `rekey-<stage>-{name}`")) {
        fault("its title is not its alarm's name".to_owned());
    }
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    if headings.collect::<Vec<_>>() != SECTIONS {
        fault(format!("its sections are not {}", SECTIONS.join(", ")));
    }
    for section in ["Look", "Over when"] {
        if !commands.iter().any(|command| command.section == section) {
            fault(format!("no command under {section}"));
        }
    }
    wrong
}

#[test]
fn every_page_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over() {
    let pages = pages();
    assert!(pages.len() > 20, "{}", pages.len());
    let wrong = pages
        .iter()
        .flat_map(|(name, file)| misshapen(name, &file.text));
    holds(&wrong.collect::<Vec<_>>());
}

#[test]
fn a_command_that_is_not_run_has_its_reason_on_a_list() {
    let mut marked = Vec::new();
    for (name, file) in pages() {
        for command in commands(&file.text) {
            if let Some(why) = command.mark {
                let begin = command.text.split_whitespace().take(3).collect::<Vec<_>>();
                marked.push((name.clone(), begin.join(" "), why));
            }
        }
    }
    let listed =
        NOT_RUN.map(|(page, begin, why)| (page.to_owned(), begin.to_owned(), why.to_owned()));
    assert_eq!(marked, listed);
}

#[test]
fn a_page_in_another_form_is_found() {
    let good = concat!(
        "# `rekey-<stage>-x`\n## What it means\n## Look\n```sh\nrekey doctor\n```\n## Do\n",
        "1. So:\n   ```sh\n   rekey doctor --run\n   ```\n## Over when\n```sh\naws sqs get-queue-url --queue-name $NAME\n```\n",
    );
    assert_eq!(misshapen("x", good), [""; 0]);
    for (from, to) in [
        ("# `rekey-<stage>-x`", "# x"),
        ("## Do", "## Done"),
        ("$NAME", "$QUEUE"),
        ("rekey doctor\n", "rekey doctor --run\n"),
        ("rekey doctor\n", "rekey replay send --all\n"),
        ("rekey doctor\n", "aws sqs purge-queue --queue-url $NAME\n"),
        ("rekey doctor --run\n", "curl example.com\n"),
        ("aws sqs get-queue-url --queue-name $NAME\n", ""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_eq!(
            misshapen("x", &bad).len(),
            1,
            "{to}: {:?}",
            misshapen("x", &bad)
        );
    }
}

#[test]
fn a_command_over_several_lines_is_one_and_its_mark_is_no_part_of_it() {
    let page = "## Do\n  ```sh\n  aws a \\\n      b\n  printf x | aws lambda invoke # not run here: why\n  ```\n```\nc\n```\n";
    let found = commands(page);
    let texts: Vec<_> = found
        .iter()
        .map(|one| (one.text.as_str(), one.mark.as_deref()))
        .collect();
    let expected = [
        ("aws a \\\nb", None),
        ("printf x | aws lambda invoke", Some("why")),
    ];
    assert_eq!(texts, expected);
    assert!(
        found
            .iter()
            .all(|one| one.section == "Do" && !one.is_ours() && !one.looks())
    );
}
