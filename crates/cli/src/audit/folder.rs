//! An export: a trail in files, to be checked by somebody who has nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use rekey_audit::{Chain, Head, Link, Stored};

use super::checkpoints::{Checkpoints, Kept, Which};
use super::source::Source;
use crate::error::Error;

/// What is written last: an export without it was not finished.
const README: &str = "README.txt";
const RECORDS: &str = ".ndjson";
const HEAD: &str = ".head.json";
const CHECKPOINTS: &str = "checkpoints";
const PUBLIC_KEY: &str = "public-key.pem";

/// An export that is there.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Of a folder.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is none.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            return Ok(Self(path.to_owned()));
        }
        let path = path.display();
        Err(Error::Usage(format!("--export: {path} is no folder")))
    }

    /// Whether its export was finished.
    pub fn is_whole(&self) -> bool {
        self.0.join(README).is_file()
    }

    fn failed(path: &Path, error: &io::Error) -> Error {
        let (path, kind) = (path.display(), error.kind());
        Error::Unavailable(format!("{path} cannot be read: {kind}"))
    }

    /// The names of the files in a folder, in order; none when it is not there.
    fn names(path: &Path) -> Result<Vec<String>, Error> {
        let entries = match std::fs::read_dir(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| Self::failed(path, &error))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| Self::failed(path, &error))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }

    fn read(path: &Path) -> Result<Option<String>, Error> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Self::failed(path, &error)),
        }
    }
}

impl Source for Folder {
    async fn chains(&self) -> Result<Vec<Chain>, Error> {
        let names = Self::names(&self.0)?;
        let of_chain = |name: &String| {
            let chain = name.strip_suffix(RECORDS).or(name.strip_suffix(HEAD))?;
            Chain::parse(chain).ok()
        };
        let mut chains: Vec<Chain> = names.iter().filter_map(of_chain).collect();
        chains.sort();
        chains.dedup();
        Ok(chains)
    }

    async fn has(&self, chain: &Chain) -> Result<bool, Error> {
        Ok(self.chains().await?.contains(chain))
    }

    /// All that are there: which of them to keep was decided when they were exported.
    async fn checkpoints(&self, _: Which) -> Result<Checkpoints, Error> {
        let folder = self.0.join(CHECKPOINTS);
        let mut kept = Vec::new();
        for name in Self::names(&folder)? {
            if let Some(text) = Self::read(&folder.join(&name))? {
                kept.push(Kept::read(&name, text));
            }
        }
        let there = kept.len();
        Ok(Checkpoints { kept, there })
    }

    async fn walk(
        &self,
        chain: &Chain,
        each: &mut dyn FnMut(&Stored) -> Result<(), Error>,
    ) -> Result<Option<Head>, Error> {
        let path = self.0.join(format!("{chain}{RECORDS}"));
        let mut last: u64 = 0;
        match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Self::failed(&path, &error)),
            Ok(file) => {
                for line in BufReader::new(file).split(b'\n') {
                    let line = line.map_err(|error| Self::failed(&path, &error))?;
                    // What is no text is no record either.
                    let link = Link::parse(&String::from_utf8_lossy(&line));
                    // The place is what the record says; what is no record stands behind the one before it.
                    last = link
                        .as_ref()
                        .map_or(last.saturating_add(1), |link| link.seq);
                    each(&Stored {
                        seq: last,
                        link,
                        indexed: None,
                    })?;
                }
            }
        }
        let path = self.0.join(format!("{chain}{HEAD}"));
        // What is no end of a chain is as good as none.
        let text = Self::read(&path)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn has_indexes(&self) -> bool {
        false
    }
}

/// An export that is being written.
#[derive(Debug)]
pub struct NewFolder(PathBuf);

impl NewFolder {
    /// Makes the folder. One that holds anything is left alone.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is something in it.
    pub fn make(path: &Path) -> Result<Self, Error> {
        let made = std::fs::create_dir_all(path);
        made.map_err(|error| Self::failed(path, &error))?;
        let names = Folder::names(path)?;
        if names.is_empty() {
            return Ok(Self(path.to_owned()));
        }
        let path = path.display();
        Err(Error::Usage(format!(
            "--out: {path} is not empty; an export is never written over another"
        )))
    }

    fn failed(path: &Path, error: &io::Error) -> Error {
        let (path, kind) = (path.display(), error.kind());
        Error::Unavailable(format!("{path} cannot be written: {kind}"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.0.join(name);
        let written = create(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| Self::failed(&path, &error))
    }

    /// Keeps the checkpoints, as they were read.
    ///
    /// # Errors
    /// [`Error::Unavailable`] names the file.
    pub fn checkpoints(&self, checkpoints: &Checkpoints) -> Result<(), Error> {
        let folder = self.0.join(CHECKPOINTS);
        let made = std::fs::create_dir(&folder);
        made.map_err(|error| Self::failed(&folder, &error))?;
        for kept in &checkpoints.kept {
            let name = format!("{CHECKPOINTS}/{:010}.json", kept.number);
            self.write(&name, &kept.text)?;
        }
        Ok(())
    }

    /// Writes the records of a chain and its end. Answers with how many there are, and how many of them could
    /// not be read: each stands as a gap.
    ///
    /// # Errors
    /// [`Error`] of the reading or the writing.
    pub async fn chain<S: Source>(&self, source: &S, chain: &Chain) -> Result<(u64, u64), Error> {
        let path = self.0.join(format!("{chain}{RECORDS}"));
        let file = create(&path).map_err(|error| Self::failed(&path, &error))?;
        let mut file = BufWriter::new(file);
        let (mut records, mut gaps) = (0, 0);
        let head = source
            .walk(chain, &mut |stored| {
                let Ok(link) = &stored.link else {
                    gaps += 1;
                    return Ok(());
                };
                records += 1;
                let line = serde_json::to_string(link).map_err(io::Error::from);
                let written = line.and_then(|line| writeln!(file, "{line}"));
                written.map_err(|error| Self::failed(&path, &error))
            })
            .await?;
        file.flush().map_err(|error| Self::failed(&path, &error))?;
        if let Some(head) = head {
            let text = serde_json::to_string(&head).map_err(io::Error::from)?;
            self.write(&format!("{chain}{HEAD}"), &text)?;
        }
        Ok((records, gaps))
    }

    /// Writes the public key, and last what all of it is.
    ///
    /// # Errors
    /// [`Error::Unavailable`] names the file.
    pub fn finish(&self, public_key: &str, readme: &str) -> Result<(), Error> {
        self.write(PUBLIC_KEY, public_key)?;
        self.write(README, readme)
    }
}

/// A file that was not there before.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
