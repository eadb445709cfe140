//! What `--help` says, what is not understood, and completion.

use clap::{CommandFactory, Parser};

use super::golden::golden;
use super::typed::typed;
use super::world::TestWorld;
use crate::arguments::Arguments;
use crate::config::Stack;
use crate::exit::Exit;

/// The long help of `rekey <path>`, as wide as a page. A command's is kept without the options that every
/// command takes.
fn help(path: &[&str]) -> String {
    let mut command = Arguments::command().term_width(100);
    command.build();
    let found = path.iter().fold(&mut command, |command, name| {
        command.find_subcommand_mut(name).unwrap()
    });
    let mut found = found.clone();
    if !path.is_empty() {
        found = found.mut_args(|option| {
            let global = option.is_global_set();
            option.hide(global)
        });
    }
    found.render_long_help().to_string()
}

#[test]
fn the_help_of_every_command_is_kept() {
    for path in [
        &[][..],
        &["secrets", "list"],
        &["secrets", "show"],
        &["secrets", "versions"],
        &["secrets", "consumers"],
        &["impact"],
        &["rotate"],
        &["requests", "list"],
        &["requests", "show"],
        &["requests", "approve"],
        &["requesters", "list"],
        &["requesters", "allow"],
        &["requesters", "remove"],
        &["replay", "list"],
        &["replay", "show"],
        &["replay", "send"],
        &["retire"],
        &["rollback"],
        &["doctor"],
        &["audit", "list"],
        &["audit", "verify"],
        &["audit", "export"],
        &["artifact"],
        &["rotation-log"],
        &["completion"],
    ] {
        let name = ["help"].iter().chain(path).copied().collect::<Vec<_>>();
        golden(&name.join("-"), &help(path));
    }
}

#[test]
fn the_definition_of_the_command_line_holds() {
    Arguments::command().debug_assert();
}

#[test]
fn the_help_names_every_exit_code_as_it_is() {
    let help = help(&[]);
    for exit in Exit::ALL {
        let line = format!("{}  {}", exit.code(), exit.meaning());
        assert!(help.contains(&line), "{line}\n{help}");
    }
}

#[test]
fn what_is_not_understood_is_a_matter_of_the_command_line() {
    for line in [
        "rekey",
        "rekey secrets",
        "rekey retire",
        "rekey rollback prod/a",
        "rekey rotate prod/a",
        "rekey rotate prod/a --reason why --window soon",
        "rekey rotate prod/a --reason why --as schedule",
        "rekey requests",
        "rekey requests list --standing sleepy",
        "rekey requests list --since yesterday",
        "rekey requesters allow billing --actor them",
        "rekey requesters allow schedule --actor them --role internal_admin",
        "rekey requesters remove rekey.requester.schedule",
        "rekey replay send",
        "rekey replay send an-id --all",
        "rekey secrets list --state sleepy",
        "rekey retire prod/a --timeout soon",
        "rekey audit",
        "rekey audit list --cursor anything",
        "rekey audit list --csv --json",
        "rekey audit list --all --limit 5",
        "rekey audit verify --export somewhere",
        "rekey audit verify --tenant Acme!",
        "rekey audit export",
        "rekey artifact ../../etc/passwd",
        "rekey artifact short",
        "rekey rotation-log yesterday",
        "rekey completion powershell",
        "rekey sing",
    ] {
        let error = Arguments::try_parse_from(line.split(' ')).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(Exit::Usage.code()), "{line}");
    }
}

#[test]
fn waiting_and_not_waiting_may_be_said_in_any_order() {
    for line in ["retire a --wait --no-wait", "retire a --no-wait --wait"] {
        let words = ["rekey"].into_iter().chain(line.split(' '));
        assert!(Arguments::try_parse_from(words).is_ok(), "{line}");
    }
}

#[tokio::test]
async fn each_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let seen = typed(&TestWorld::empty(), &format!("completion {shell}")).await;
        assert_eq!(seen.exit, Exit::Ok);
        for word in [
            "rollback",
            "no-wait",
            "secrets",
            "endpoint-url",
            "accept-no-overlap",
            "awaiting_approval",
        ] {
            assert!(seen.out.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_help_says_every_variable_that_names_something() {
    let help = help(&[]);
    let Stack {
        table,
        retire,
        sweep,
        bus,
        audit,
        ..
    } = &TestWorld::empty().stack;
    for name in [table, retire, sweep, bus, &audit.table] {
        assert!(help.contains(&name.replace("prod", "<stage>")), "{name}");
    }
    let config = include_str!("../config.rs");
    let (read, _) = config.split_once("#[cfg(test)]").unwrap();
    let quoted = read.split('"').skip(1).step_by(2);
    let variables: Vec<_> = quoted
        .filter(|text| {
            text.starts_with("REKEY_") || text.starts_with("AWS_") || *text == "NO_COLOR"
        })
        .collect();
    assert!(variables.len() > 8, "{variables:?}");
    for name in variables {
        assert!(help.contains(name), "{name}");
    }
}
