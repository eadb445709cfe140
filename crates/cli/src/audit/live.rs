use futures_util::{StreamExt, TryStreamExt, stream};
use rekey_audit::{Chain, Head, Stored, Trail, TrailError, Vault};

use super::checkpoints::{Checkpoints, Kept, Which};
use super::source::Source;
use crate::error::Error;
use crate::world::{World, of_trail, of_vault};

/// How many records are read at once.
const PAGE: usize = 500;

/// How many checkpoints are read at once.
const AT_ONCE: usize = 16;

/// The trail of a stack.
pub struct Live<'w, W>(pub &'w W);

impl<W: World> Source for Live<'_, W> {
    async fn chains(&self) -> Result<Vec<Chain>, Error> {
        let found = self.0.trail().chains().await;
        found.map_err(|error| of_trail(self.0, error))
    }

    async fn has(&self, chain: &Chain) -> Result<bool, Error> {
        match self.0.trail().head(chain).await {
            Ok(Some(_)) | Err(TrailError::Corrupt(_)) => return Ok(true),
            Ok(None) => {}
            Err(error) => return Err(of_trail(self.0, error)),
        }
        let links = self.0.trail().links(chain, 0, 1).await;
        let links = links.map_err(|error| of_trail(self.0, error))?;
        Ok(!links.is_empty())
    }

    async fn checkpoints(&self, which: Which) -> Result<Checkpoints, Error> {
        let vault = self.0.vault().await?;
        let failed = |error| of_vault(self.0, error);
        let days = vault.days().await.map_err(failed)?;
        let newest = days.last().cloned();
        let mut names = Vec::new();
        let mut there = 0;
        for day in days {
            let mut of_day = vault.of_day(&day).await.map_err(failed)?;
            there += of_day.len();
            if which == Which::LastOfEachDay && Some(&day) != newest.as_ref() {
                of_day = of_day.pop().into_iter().collect();
            }
            names.append(&mut of_day);
        }
        let read = stream::iter(names).map(|name| async move {
            let text = vault.read(&name).await.map_err(failed)?;
            Ok::<_, Error>(Kept::read(&name, text))
        });
        let kept = read.buffered(AT_ONCE).try_collect().await?;
        Ok(Checkpoints { kept, there })
    }

    /// Records come while others are read. So the end is looked at after the last record; what came in between
    /// is read up to that end and no further. Of an honest trail the two always fit.
    async fn walk(
        &self,
        chain: &Chain,
        each: &mut dyn FnMut(&Stored) -> Result<(), Error>,
    ) -> Result<Option<Head>, Error> {
        let after = self.pages(chain, 0, u64::MAX, each).await?;
        let head = self.0.trail().head(chain).await;
        let head = match head {
            // What is no end of a chain is as good as none.
            Err(TrailError::Corrupt(_)) => None,
            head => head.map_err(|error| of_trail(self.0, error))?,
        };
        if let Some(head) = &head
            && head.seq > after
        {
            self.pages(chain, after, head.seq, each).await?;
        }
        Ok(head)
    }

    fn has_indexes(&self) -> bool {
        true
    }
}

impl<W: World> Live<'_, W> {
    /// Reads what stands after a place, up to another, and answers with the last place that was read.
    async fn pages(
        &self,
        chain: &Chain,
        mut after: u64,
        to: u64,
        each: &mut dyn FnMut(&Stored) -> Result<(), Error>,
    ) -> Result<u64, Error> {
        loop {
            let page = self.0.trail().links(chain, after, PAGE).await;
            let page = page.map_err(|error| of_trail(self.0, error))?;
            let mut moved = false;
            for stored in page.iter().filter(|stored| stored.seq <= to) {
                each(stored)?;
                moved |= stored.seq > after;
                after = after.max(stored.seq);
            }
            if page.len() < PAGE || !moved || after >= to {
                return Ok(after);
            }
        }
    }
}
