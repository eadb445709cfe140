//! A command line as somebody types it, and what they see.

use clap::Parser;
use serde_json::Value;

use super::world::TestWorld;
use crate::arguments::Arguments;
use crate::console::{Console, Look};
use crate::exit::Exit;
use crate::run::{ended, run};

/// What came of it.
#[derive(Debug)]
pub struct Seen {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }

    /// Both streams, as a terminal shows them to somebody who typed a yes.
    pub fn both(&self) -> String {
        let asked = self.err.replace("[y/N] ", "[y/N] y\n");
        format!("{asked}{}", self.out)
    }
}

/// Types `line` into a script: nobody is there to be asked.
pub async fn typed(world: &TestWorld, line: &str) -> Seen {
    seen(world, line, None, "", false).await
}

/// Types `line` at a terminal of 110 columns, and `answer` when asked.
pub async fn at_a_terminal(world: &TestWorld, line: &str, answer: &str) -> Seen {
    seen(world, line, Some(110), answer, true).await
}

/// Types `line` where output is so wide, and nobody is there to be asked.
pub async fn at_width(world: &TestWorld, line: &str, width: u16) -> Seen {
    seen(world, line, Some(width), "", false).await
}

async fn seen(world: &TestWorld, line: &str, width: Option<u16>, answer: &str, asks: bool) -> Seen {
    let arguments = Arguments::try_parse_from(words(line)).unwrap();
    let (mut out, mut err, mut input) = (Vec::new(), Vec::new(), answer.as_bytes());
    let look = Look {
        json: arguments.shape.json,
        headings: !arguments.shape.no_headers,
        colour: false,
        width,
        asks,
        live: false,
    };
    let mut console = Console::new(&mut out, &mut err, &mut input, look);
    let done = run(&arguments.command, world, &mut console).await;
    let exit = ended(done, &mut console);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Seen {
        exit,
        out: text(out),
        err: text(err),
    }
}

/// Words, with single quotes around what has spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = vec!["rekey".to_owned()];
    for (at, part) in line.split('\'').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}
