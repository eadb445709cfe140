use std::io::{self, IsTerminal};

use clap::Parser;

use crate::arguments::{Arguments, Colour, Command, Shape};
use crate::aws::Aws;
use crate::cmd::audit::Audit;
use crate::cmd::completion;
use crate::config::Config;
use crate::console::{Console, Look};
use crate::error::Error;
use crate::exit::Exit;
use crate::world::World;

/// Reads the command line and the environment, and does what they say.
pub async fn main() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            // Help and version are asked for; everything else is a command that was not understood.
            let exit = if told.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            return told.print().map_or(Exit::Failed, |()| exit);
        }
    };
    let config = Config::from_env(&arguments.place);
    let no_color = config.as_ref().is_ok_and(|config| config.no_color);
    let (mut out, mut err, mut input) = (io::stdout().lock(), io::stderr(), io::stdin().lock());
    let look = look(arguments.shape, no_color);
    let console = &mut Console::new(&mut out, &mut err, &mut input, look);
    let done = match (&arguments.command, config) {
        (Command::Completion { shell }, _) => completion::run(*shell, console),
        // Whoever checks an export needs no account, no credentials and no network.
        (Command::Audit(Audit::Verify(verify)), _) if verify.is_offline() => {
            verify.offline(console).await
        }
        (_, Err(error)) => Err(error),
        (command, Ok(config)) => match Aws::connect(config).await {
            Ok(world) => run(command, &world, console).await,
            Err(error) => Err(error),
        },
    };
    ended(done, console)
}

/// Does what a command says.
pub async fn run<W: World>(
    command: &Command,
    world: &W,
    console: &mut Console<'_>,
) -> Result<Exit, Error> {
    match command {
        Command::Secrets(secrets) => secrets.run(world, console).await,
        Command::Rotate(rotate) => rotate.run(world, console).await,
        Command::Requests(requests) => requests.run(world, console).await,
        Command::Impact(impact) => impact.run(world, console).await,
        Command::Requesters(requesters) => requesters.run(world, console).await,
        Command::Replay(replay) => replay.run(world, console).await,
        Command::Retire(retire) => retire.run(world, console).await,
        Command::Rollback(rollback) => rollback.run(world, console).await,
        Command::Doctor(doctor) => doctor.run(world, console).await,
        Command::Audit(audit) => audit.run(world, console).await,
        Command::Artifact(artifact) => artifact.run(world, console).await,
        Command::RotationLog(log) => log.run(world, console).await,
        Command::Completion { shell } => completion::run(*shell, console),
    }
}

/// Tells a failure, and gives the run its number.
pub fn ended(done: Result<Exit, Error>, console: &mut Console<'_>) -> Exit {
    match done {
        Ok(exit) => exit,
        Err(error) if error.exit() == Exit::Ok => Exit::Ok,
        Err(error) => match console.failure(&error) {
            Ok(()) => error.exit(),
            Err(_) => Exit::Failed,
        },
    }
}

fn look(shape: Shape, no_color: bool) -> Look {
    let terminal = io::stdout().is_terminal();
    let width = terminal_size::terminal_size().filter(|_| terminal);
    let live = io::stderr().is_terminal();
    Look {
        json: shape.json,
        headings: !shape.no_headers,
        colour: match shape.color {
            Colour::Auto => terminal && !no_color,
            Colour::Always => true,
            Colour::Never => false,
        },
        width: width.map(|(terminal_size::Width(columns), _)| columns),
        asks: io::stdin().is_terminal() && live,
        live,
    }
}
