//! `cargo xtask package`: the zips that are deployed, one for each function, and what they may need and weigh.

mod glibc;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::functions::DEPLOYED;
use crate::sam::Sam;
use crate::{place, run};

/// How large a zip may be, in KiB: a tenth above what was measured. Who lets one grow moves its bound here, and says why.
const LARGEST: [(&str, u64); 9] = [
    ("rekey-rotate", 3_700),
    ("rekey-rotate-keys", 3_450),
    ("rekey-request", 2_800),
    ("rekey-observe", 2_700),
    ("rekey-sweep", 2_850),
    ("rekey-retire", 4_350),
    ("rekey-retire-keys", 4_000),
    ("rekey-audit-writer", 2_600),
    ("rekey-checkpoint", 3_300),
];

/// A zip with one program in it, whose bytes say nothing of when and by whom it was made.
const ZIP: &str = "
import sys, zipfile
program, archive = sys.argv[1:]
entry = zipfile.ZipInfo('bootstrap', date_time=(1980, 1, 1, 0, 0, 0))
entry.create_system = 3  # Unix, for the mode below
entry.external_attr = 0o100755 << 16
entry.compress_type = zipfile.ZIP_DEFLATED
with zipfile.ZipFile(archive, 'w') as out, open(program, 'rb') as inp:
    out.writestr(entry, inp.read(), compresslevel=9)
";

/// The processor of the functions; the template's parameter Architecture.
#[derive(Clone, Copy, ValueEnum)]
pub enum Arch {
    /// The default of this command.
    #[value(name = "x86_64")]
    X86,
    /// The default of the template. Needs Rust's standard library for it.
    #[value(name = "arm64")]
    Arm,
}

impl Arch {
    const fn name(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }

    const fn target(self) -> &'static str {
        match self {
            Self::X86 => "x86_64-unknown-linux-gnu",
            Self::Arm => "aarch64-unknown-linux-gnu",
        }
    }
}

/// Builds for release, packs, checks, and prints what came of it.
pub fn package(arch: Arch) -> Result<()> {
    has_standard_library(arch)?;
    let sam = Sam::ready()?;
    eprintln!("building for release (many minutes the first time)");
    let mut build = sam.command("cargo-lambda")?;
    build
        .args(["lambda", "build", "--release", "--target"])
        // zig links against the glibc that the version after the dot names.
        .arg(format!("{}.{}", arch.target(), glibc::AL2023));
    for name in DEPLOYED {
        build.args(["--bin", name]);
    }
    run::shown(&mut build)?;
    let folder = place::target().join("package").join(arch.name());
    fs::create_dir_all(&folder)?;
    println!(
        "{:<20} {:>10} {:>10} {:>10}  newest",
        "", "KiB", "zip KiB", "at most"
    );
    let mut wrong = Vec::new();
    for name in DEPLOYED {
        let program = place::target().join("lambda").join(name).join("bootstrap");
        let archive = folder.join(format!("{name}.zip"));
        zip(&program, &archive)?;
        let largest = largest(name)?;
        let zipped = kib(&archive)?;
        let symbols = glibc::symbols(&run::quiet(
            run::command("objdump").arg("-T").arg(&program),
        )?);
        let newest = symbols.iter().map(|symbol| symbol.version.clone()).max();
        let newest = newest
            .with_context(|| format!("{name} takes nothing from glibc: is this the function?"))?;
        println!(
            "{name:<20} {:>10} {zipped:>10} {largest:>10}  {newest}",
            kib(&program)?
        );
        if zipped > largest {
            wrong.push(format!(
                "{name} is larger than it may be: {zipped} KiB, not {largest}"
            ));
        }
        let newer = glibc::newer_than_al2023(&symbols);
        if !newer.is_empty() {
            wrong.push(format!(
                "{name} will not start on Amazon Linux 2023: {}",
                newer.join(", ")
            ));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    println!("in {}", folder.display());
    Ok(())
}

/// zig brings the C half of any target, and nothing of Rust's.
fn has_standard_library(arch: Arch) -> Result<()> {
    let target = arch.target();
    let mut rustc = run::command("rustc");
    let folder = run::quiet(rustc.args(["--print", "target-libdir", "--target", target]))?;
    if !Path::new(folder.trim()).exists() {
        bail!(
            "Rust's standard library for {target} is not here, and zig does not bring it: rustup target add {target}"
        );
    }
    Ok(())
}

fn largest(name: &str) -> Result<u64> {
    let bound = LARGEST.iter().find(|(function, _)| *function == name);
    let (_, bound) =
        bound.with_context(|| format!("xtask/src/package.rs has no bound for {name}"))?;
    Ok(*bound)
}

fn zip(program: &Path, archive: &PathBuf) -> Result<()> {
    let mut python = run::command("python3");
    run::quiet(python.args(["-c", ZIP]).arg(program).arg(archive))?;
    Ok(())
}

fn kib(file: &Path) -> Result<u64> {
    let bytes = fs::metadata(file)
        .with_context(|| file.display().to_string())?
        .len();
    Ok(bytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_bound() {
        for name in DEPLOYED {
            assert!(largest(name).is_ok(), "{name}");
        }
        assert!(largest("rekey-other").is_err());
    }

    #[test]
    fn the_same_program_makes_the_same_zip_whenever_it_is_made() {
        let folder = std::env::temp_dir().join(format!("rekey-package-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let zips = ["a", "b"].map(|name| {
            let program = folder.join(name);
            fs::write(&program, "#!/bin/sh\nexit 0\n").unwrap();
            let old = std::time::SystemTime::UNIX_EPOCH;
            let file = fs::File::options().write(true).open(&program).unwrap();
            if name == "b" {
                file.set_modified(old).unwrap();
            }
            let archive = folder.join(format!("{name}.zip"));
            zip(&program, &archive).unwrap();
            fs::read(archive).unwrap()
        });
        let listed = run::quiet(
            run::command("python3")
                .args(["-c", "import sys, zipfile; i, = zipfile.ZipFile(sys.argv[1]).infolist(); print(i.filename, oct(i.external_attr >> 16))"])
                .arg(folder.join("a.zip")),
        );
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(zips[0], zips[1]);
        assert_eq!(listed.unwrap().trim(), "bootstrap 0o100755");
    }
}
