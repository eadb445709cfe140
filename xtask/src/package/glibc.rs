//! Which symbols of glibc a program takes, from what `objdump -T` prints.

use std::fmt;

/// The glibc of Amazon Linux 2023 ("Package changes from Amazon Linux 2": glibc 2.34).
pub const AL2023: Version = Version([2, 34, 0]);

/// A version of glibc's interface.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version([u32; 3]);

/// What a program takes from glibc.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// The version that it came with.
    pub version: Version,
}

/// The versioned symbols of glibc in the output of `objdump -T`, whose lines are such as
/// `0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.34) __libc_start_main`.
pub fn symbols(printed: &str) -> Vec<Symbol> {
    printed.lines().filter_map(symbol).collect()
}

/// Those that Amazon Linux 2023 does not have, with their versions.
pub fn newer_than_al2023(symbols: &[Symbol]) -> Vec<String> {
    symbols
        .iter()
        .filter(|symbol| symbol.version > AL2023)
        .map(|symbol| format!("{} {}", symbol.name, symbol.version))
        .collect()
}

fn symbol(line: &str) -> Option<Symbol> {
    let mut words = line.split_whitespace().rev();
    let name = words.next()?.to_owned();
    let version = words.next()?.trim_matches(['(', ')']);
    let version = Version::parse(version.strip_prefix("GLIBC_")?)?;
    Some(Symbol { name, version })
}

impl Version {
    /// `GLIBC_PRIVATE` is no version: it is for glibc's own libraries.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 3];
        for (place, number) in text.split('.').enumerate() {
            *numbers.get_mut(place)? = number.parse().ok()?;
        }
        Some(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([major, minor, patch]) = self;
        write!(f, "{major}.{minor}")?;
        if *patch > 0 {
            write!(f, ".{patch}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of binutils 2.40; before 2.35 the versions stood without brackets.
    const PRINTED: &str = "
bootstrap:     file format elf64-x86-64

DYNAMIC SYMBOL TABLE:
0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.34) __libc_start_main
0000000000000000  w   DF *UND*  0000000000000000  Base        __gmon_start__
0000000000000000      DF *UND*  0000000000000000 (GCC_3.0)    _Unwind_Resume
0000000000000000      DF *UND*  0000000000000000 (GLIBC_2.2.5) memcpy
0000000000000000      DF *UND*  0000000000000000  GLIBC_2.14  malloc
0000000000000000  w   D  *UND*  0000000000000000              _ITM_deregisterTMCloneTable
";

    #[test]
    fn the_symbols_of_glibc_are_read_with_their_versions() {
        let read: Vec<_> = symbols(PRINTED)
            .into_iter()
            .map(|symbol| format!("{} {}", symbol.name, symbol.version))
            .collect();
        let expected = ["__libc_start_main 2.34", "memcpy 2.2.5", "malloc 2.14"];
        assert_eq!(read, expected);
        assert!(newer_than_al2023(&symbols(PRINTED)).is_empty());
    }

    #[test]
    fn a_symbol_that_amazon_linux_2023_lacks_is_found() {
        for (version, is_newer) in [
            ("2.35", true),
            ("2.34.1", true),
            ("3.0", true),
            ("2.4", false),
            ("2.34", false),
            ("2.3.4", false),
        ] {
            let line = format!("0000 DF *UND* 0000 (GLIBC_{version}) strlcpy");
            let found = newer_than_al2023(&symbols(&line));
            assert_eq!(!found.is_empty(), is_newer, "{version}: {found:?}");
        }
    }

    #[test]
    fn what_is_no_symbol_of_glibc_is_left_out() {
        for line in [
            "",
            "strlcpy",
            "0000 (GLIBC_PRIVATE) x",
            "0000 (GLIBC_2.x) y",
            "(GCC_4.2.0) z",
        ] {
            assert_eq!(symbols(line), [], "{line}");
        }
    }
}
