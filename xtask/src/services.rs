//! What the tests and the demo find running: servers, the virtual environment, Node.js, the functions. Each is
//! started when it is first asked for.

use std::path::PathBuf;
use std::process::Command;
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Result, anyhow};

use crate::node::{self, Node};
use crate::python::Venv;
use crate::{functions, mariadb, postgres, redis, tools};

/// The PostgreSQL major that the demo runs on.
pub const NEWEST: u16 = postgres::MAJORS[postgres::MAJORS.len() - 1];

/// Something that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// PostgreSQL servers of these majors.
    Postgres(&'static [u16]),
    /// MariaDB servers, where they can be had.
    Mariadb,
    /// Redis servers, where they can be had.
    Redis,
    /// Node.js with its packages.
    Node,
    /// The functions and the command line, built.
    Programs,
}

/// Servers and programs. The servers end with this value or with this process.
pub struct Services {
    /// The Python environment.
    pub venv: Venv,
    postgres: Option<postgres::Servers>,
    mariadb: Option<mariadb::Servers>,
    redis: Option<redis::Servers>,
    node: Option<Node>,
    programs: Option<PathBuf>,
    absent: Vec<Absent>,
}

/// What this machine cannot have.
pub struct Absent {
    need: Need,
    /// For people.
    pub why: String,
}

impl Services {
    /// Nothing but the Python environment.
    pub fn ready() -> Result<Self> {
        Ok(Self {
            venv: Venv::ready()?,
            postgres: None,
            mariadb: None,
            redis: None,
            node: None,
            programs: None,
            absent: Vec::new(),
        })
    }

    /// Starts what is asked for and not there yet. Servers start side by side, and while programs are built.
    pub fn start(&mut self, needs: &[Need]) -> Result<()> {
        let wanted = |need| needs.contains(&need);
        let majors = needs.iter().find_map(|need| match need {
            Need::Postgres(majors) if self.postgres.is_none() => Some(*majors),
            _ => None,
        });
        if wanted(Need::Node) && self.node.is_none() {
            self.node = Some(Node::ready(&self.venv)?);
        }
        let npm = majors.map(|_| tools::npm(&self.venv)).transpose()?;
        let on_mariadb = wanted(Need::Mariadb) && self.mariadb.is_none();
        let on_redis = wanted(Need::Redis) && self.redis.is_none();
        thread::scope(|threads| -> Result<()> {
            let postgres = majors
                .zip(npm.as_deref())
                .map(|(majors, npm)| threads.spawn(|| postgres::Servers::start(npm, majors)));
            let mariadb = on_mariadb.then(|| {
                threads
                    .spawn(|| started(mariadb::Installation::find(), mariadb::Installation::start))
            });
            let redis = on_redis.then(|| {
                threads.spawn(|| started(redis::Installation::find(), redis::Installation::start))
            });
            if wanted(Need::Programs) && self.programs.is_none() {
                self.programs = Some(functions::programs()?);
            }
            if let Some(servers) = postgres {
                self.postgres = Some(joined(servers)?);
            }
            if let Some(servers) = mariadb {
                self.mariadb = self.had(Need::Mariadb, joined(servers)?);
            }
            if let Some(servers) = redis {
                self.redis = self.had(Need::Redis, joined(servers)?);
            }
            Ok(())
        })
    }

    /// Why something that was asked for is not there.
    pub fn absent(&self, need: Need) -> Option<&Absent> {
        self.absent.iter().find(|absent| absent.need == need)
    }

    /// Tells `command` where everything is that was started.
    pub fn tell(&self, command: &mut Command) {
        command.envs(self.variables());
    }

    /// What [`Self::tell`] tells.
    pub fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let mut variables = vec![("REKEY_TEST_PYTHON", self.venv.python())];
        if let Some(servers) = &self.postgres {
            variables.push((postgres::VARIABLE, servers.description()));
        }
        if let Some(servers) = &self.mariadb {
            variables.push((mariadb::VARIABLE, servers.description()));
        }
        if let Some(servers) = &self.redis {
            variables.push((redis::VARIABLE, servers.description()));
        }
        if let Some(Node { program, modules }) = &self.node {
            variables.push((node::PROGRAM_VARIABLE, program.clone()));
            variables.push((node::MODULES_VARIABLE, modules.clone()));
        }
        if let Some(programs) = &self.programs {
            variables.push(("REKEY_TEST_PROGRAMS", programs.clone()));
        }
        variables
    }

    fn had<T>(&mut self, need: Need, servers: Result<T>) -> Option<T> {
        self.absent.retain(|absent| absent.need != need);
        servers
            .map_err(|error| {
                let why = format!("{error:#}");
                self.absent.push(Absent { need, why });
            })
            .ok()
    }
}

/// Starts what was found. Whoever finds nothing is told why; a start that fails is a failure.
fn started<I, S>(found: Result<I>, start: impl Fn(&I) -> Result<S>) -> Result<Result<S>> {
    match found {
        Ok(found) => start(&found).map(Ok),
        Err(absent) => Ok(Err(absent)),
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .map_err(|_| anyhow!("a start of servers panicked"))?
}
