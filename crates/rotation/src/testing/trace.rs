use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The calls that one process makes to its ports, in order, and the place where it is cut.
#[derive(Clone, Default)]
pub struct Trace(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    reached: Notify,
    released: Notify,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    cut: Option<Cut>,
    stops_at_every_call: bool,
    halted: bool,
    was_reached: bool,
}

/// Where a process is cut, and how. Calls are counted from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cut {
    /// The number of the call.
    pub call: usize,
    /// What happens there.
    pub how: How,
}

/// What happens to a process at a cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    /// It dies before it makes the call.
    KillBefore,
    /// The call is made; it dies before it sees the answer.
    KillAfter,
    /// The call is made, and it is told that there was no answer.
    LoseAnswer,
    /// The call is not made, and it is told that there was no answer.
    Fail,
    /// It stands still before the call until it is told to go on.
    StopBefore,
}

/// How far a process got.
#[derive(Clone, Debug)]
pub enum Driven<T> {
    /// It came to its end.
    Ended(T),
    /// It was killed, or stands still, at its cut.
    AtCut,
}

impl Trace {
    /// A trace of a process that is cut; or of one that is not.
    pub fn new(cut: Option<Cut>) -> Self {
        let trace = Self::default();
        trace.state().cut = cut;
        trace
    }

    /// A trace of a process that stands still before every call.
    pub fn stepping() -> Self {
        let trace = Self::default();
        trace.state().stops_at_every_call = true;
        trace
    }

    /// The names of the calls that were made or begun.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// Whether the process came to its cut.
    pub fn was_cut(&self) -> bool {
        self.state().was_reached
    }

    /// Makes a call to a port, unless the process is cut there. `lost` is the error of a call whose answer
    /// never came.
    pub async fn call<T, E>(
        &self,
        name: String,
        perform: impl Future<Output = Result<T, E>>,
        lost: impl FnOnce() -> E,
    ) -> Result<T, E> {
        self.while_halted().await;
        match self.begin(name) {
            None => perform.await,
            Some(How::KillBefore) => {
                self.halt();
                pending().await
            }
            Some(How::KillAfter) => {
                // What was answered, such as a lock, lives until the process is gone.
                let _answer = perform.await;
                self.halt();
                pending().await
            }
            Some(How::LoseAnswer) => {
                drop(perform.await);
                self.state().was_reached = true;
                Err(lost())
            }
            Some(How::Fail) => {
                self.state().was_reached = true;
                Err(lost())
            }
            Some(How::StopBefore) => {
                self.halt();
                self.while_halted().await;
                perform.await
            }
        }
    }

    /// Lets the process run until its end or its cut. A killed one must then be dropped.
    pub async fn drive<F: Future + Unpin>(&self, process: &mut F) -> Driven<F::Output> {
        tokio::select! {
            biased;
            () = self.0.reached.notified() => Driven::AtCut,
            output = process => Driven::Ended(output),
        }
    }

    /// Lets a process that stands still go on, to its end or to where it stops next.
    pub fn release(&self) {
        self.state().halted = false;
        self.0.released.notify_waiters();
    }

    fn begin(&self, name: String) -> Option<How> {
        let mut state = self.state();
        state.calls.push(name);
        let call = state.calls.len();
        if state.stops_at_every_call {
            return Some(How::StopBefore);
        }
        state.cut.filter(|cut| cut.call == call).map(|cut| cut.how)
    }

    fn halt(&self) {
        let mut state = self.state();
        state.halted = true;
        state.was_reached = true;
        drop(state);
        self.0.reached.notify_one();
    }

    /// A process that stands still, or is dead, does nothing at all, in none of its branches.
    async fn while_halted(&self) {
        loop {
            let released = self.0.released.notified();
            if !self.state().halted {
                return;
            }
            released.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
