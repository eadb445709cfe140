//! A link in a page leads to a file and a heading that are there.

use super::holds;
use super::tree::{self, File};

/// The targets of the links of a page, with their lines. Code is left out.
fn links(page: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut fenced = false;
    for (at, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let text = without_code(line);
        for (start, _) in text.match_indices("](") {
            let target = text[start + 2..].split([')', ' ']).next().unwrap();
            links.push((at + 1, target.to_owned()));
        }
        if let Some((name, target)) = text.trim_start().split_once("]: ")
            && name.starts_with('[')
        {
            links.push((at + 1, target.trim().to_owned()));
        }
    }
    links
}

/// Blanks what stands between backticks.
fn without_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 0 { part } else { "" })
        .collect()
}

/// The anchors of a page, as GitHub makes them from its headings.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The links of a page that lead nowhere.
fn dead(page: &File, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let directory = page
        .path
        .rsplit_once('/')
        .map_or("", |(directory, _)| directory);
    // `crate::Item` is for rustdoc, which checks it.
    let elsewhere = |target: &str| {
        let marks = ["://", "::", "mailto:"];
        marks.iter().any(|mark| target.contains(mark))
    };
    let leads_nowhere = |target: &str| {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let text = match path {
            "" => Some(page.text.clone()),
            _ => read(&joined(directory, path)),
        };
        text.is_none_or(|text| {
            let wanted = anchor.to_lowercase();
            let in_a_page = path.is_empty() || path.ends_with(".md");
            in_a_page && !anchor.is_empty() && !anchors(&text).contains(&wanted)
        })
    };
    links(&page.text)
        .into_iter()
        .filter(|(_, target)| !elsewhere(target) && leads_nowhere(target))
        .map(|(line, target)| format!("{}:{line}: {target}", page.path))
        .collect()
}

fn joined(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = directory
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The text at a path of the tree; a directory or a file that is no text has none.
fn in_the_tree(path: &str) -> Option<String> {
    let place = tree::root().join(path);
    place
        .exists()
        .then(|| std::fs::read_to_string(place).unwrap_or_default())
}

#[test]
fn every_link_of_every_page_leads_somewhere() {
    let pages = tree::files()
        .iter()
        .filter(|file| file.path.ends_with(".md"));
    holds(
        &pages
            .flat_map(|page| dead(page, in_the_tree))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let page = File {
        path: "docs/a.md".to_owned(),
        text: concat!(
            "# Who may *say* what\n[b](b.md) [c](../c.md#here) [d](#who-may-say-what)\n",
            "[e](gone.md) [f](../c.md#gone) [g](#gone)\n[h]: gone/too.md\n",
            "[i](https://example.com/) [m](a::B) `[j](gone.md)`\n```\n[k](gone.md)\n```\n",
        )
        .to_owned(),
    };
    let read = |path: &str| match path {
        "docs/b.md" => Some(String::new()),
        "c.md" => Some("## Here\n".to_owned()),
        _ => None,
    };
    let targets = [
        "3: gone.md",
        "3: ../c.md#gone",
        "3: #gone",
        "4: gone/too.md",
    ];
    assert_eq!(
        dead(&page, read),
        targets.map(|target| format!("docs/a.md:{target}"))
    );
}
