use rekey_audit::{Seen, Verdict};

use crate::audit::{Examined, UnknownKeys};
use crate::console::Console;
use crate::error::Error;
use crate::table::{Table, Text, Tone};

/// What was found, for people.
pub fn report(
    examined: &Examined,
    fingerprint: &str,
    seals: bool,
    console: &mut Console<'_>,
) -> Result<(), Error> {
    let mut table = Table::new(&["CHAIN", "RECORDS", "SIGNED", "NOT SIGNED YET", "VERDICT"]);
    for (verdict, unknown) in examined.verdicts.iter().zip(&examined.unknown) {
        table.row([
            verdict.chain.as_str().into(),
            verdict.records.to_string().into(),
            signed(verdict).into(),
            newer(verdict, seals).into(),
            word(verdict, unknown),
        ]);
    }
    console.table(&table)?;
    for (verdict, unknown) in examined.verdicts.iter().zip(&examined.unknown) {
        if unknown.is_all_of(verdict) {
            let (seals, keys) = (unknown.seals, unknown.list());
            console.line(&format!(
                "{}: {seals} seals were made with a key that was not given: {keys}",
                verdict.chain
            ))?;
            continue;
        }
        for finding in &verdict.findings {
            console.line(&format!("{}: {finding}", verdict.chain))?;
        }
        if verdict.more > 0 {
            console.line(&format!("{}: and {} more", verdict.chain, verdict.more))?;
        }
        if !verdict.is_sound() {
            let to = match verdict.sound_to {
                0 => "no record of it is known to be sound".to_owned(),
                to => format!("sound up to record {to}"),
            };
            console.line(&format!("{}: {to}", verdict.chain))?;
        }
    }
    for finding in &examined.signatures.findings {
        console.line(&format!("checkpoints: {finding}"))?;
    }
    console.line("")?;
    for line in looked_at(examined, fingerprint, seals) {
        console.line(&line)?;
    }
    Ok(())
}

/// Which places and times a signature vouches for.
fn signed(verdict: &Verdict) -> String {
    match (&verdict.first, &verdict.signed) {
        (Some(first), Some(to)) => {
            let (from, until) = (minute(first), minute(to));
            format!("{} to {}, {from} to {until}", first.seq, to.seq)
        }
        _ => "nothing".to_owned(),
    }
}

fn newer(verdict: &Verdict, seals: bool) -> String {
    match (verdict.unsigned(), seals && verdict.is_sound()) {
        (0, _) => "0".to_owned(),
        (newer, true) => format!("{newer}, sealed"),
        (newer, false) => format!("{newer}, chained, not proven yet"),
    }
}

fn word(verdict: &Verdict, unknown: &UnknownKeys) -> Text {
    if unknown.is_all_of(verdict) {
        return Text::toned("seals not known", Tone::Notice);
    }
    match verdict.findings.len() + verdict.more {
        0 => Text::toned("sound", Tone::Good),
        1 => Text::toned("1 finding", Tone::Bad),
        count => Text::toned(&format!("{count} findings"), Tone::Bad),
    }
}

fn looked_at(examined: &Examined, fingerprint: &str, seals: bool) -> Vec<String> {
    let signatures = &examined.signatures;
    let newest = match &signatures.newest {
        Some((number, at)) => format!("the newest is {number} of {at}"),
        None => "none is signed by the key".to_owned(),
    };
    let mut lines = vec![
        format!(
            "checkpoints: {} of {} looked at; {newest}",
            signatures.checkpoints, examined.checkpoints
        ),
        format!("public key:  SHA-256 {fingerprint}; compare it with what somebody wrote down"),
        "checked:     every hash, every link to the record before, the ends, the signatures".into(),
    ];
    let mut not = Vec::new();
    if seals {
        lines.push("             and every seal".into());
    } else {
        not.push("seals (--mac-keys)");
    }
    if examined.indexes_checked {
        lines.push("             and how records are filed".into());
    } else {
        not.push("how records are filed, which an export does not say");
    }
    if signatures.checkpoints < examined.checkpoints {
        not.push("the checkpoints between (--all-checkpoints)");
    }
    if !not.is_empty() {
        lines.push(format!("not checked: {}", not.join("; ")));
    }
    lines
}

/// `2026-11-21 21:59Z`, as it was written down.
fn minute(seen: &Seen) -> String {
    let at = &seen.recorded_at;
    match (at.get(..10), at.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}Z"),
        _ => at.clone(),
    }
}
