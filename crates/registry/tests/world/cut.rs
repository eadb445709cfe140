//! Processes that die, lose an answer, or stand still at any call to a port.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use rekey_events::{Announcement, EventId, Source};
use rekey_registry::request::{
    Actor, Request, RequestPage, Requests, Rotate, RotateError, Rotated, Settlement, Turn,
};
use rekey_registry::{
    Asking, Bucket, Changes, Consumer, Due, DuePage, Look, LookError, Next, Noted, Order,
    OrderError, Orders, PublishError, Publisher, Read, Resume, Secret, SecretState, Secrets, Store,
    StoreError, TaggedPage, Taken, VersionId, Wanted,
};

/// What happens to a process at one of its calls, counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub call: usize,
    pub how: How,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    /// It dies before the call.
    KillBefore,
    /// The call is made; it dies before it sees the answer.
    KillAfter,
    /// The call is made, and it is told that there was no answer.
    LoseAnswer,
}

impl How {
    pub const ALL: [Self; 3] = [Self::KillBefore, Self::KillAfter, Self::LoseAnswer];
}

/// One process: the calls it makes, and where it is cut.
#[derive(Clone, Default)]
pub struct Process(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    calls: Vec<&'static str>,
    cut: Option<Cut>,
    steps: bool,
}

impl Process {
    pub fn cut(cut: Option<Cut>) -> Self {
        let process = Self::default();
        process.0.lock().unwrap().cut = cut;
        process
    }

    /// One that stands still before each call until it is polled again.
    pub fn stepping() -> Self {
        let process = Self::default();
        process.0.lock().unwrap().steps = true;
        process
    }

    pub fn calls(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().calls.clone()
    }

    pub fn through<T>(&self, inner: T) -> Watched<T> {
        Watched {
            inner,
            process: self.clone(),
        }
    }

    async fn call<T, E>(
        &self,
        name: &'static str,
        perform: impl Future<Output = Result<T, E>>,
        lost: impl FnOnce() -> E,
    ) -> Result<T, E> {
        let (how, steps) = {
            let mut inner = self.0.lock().unwrap();
            inner.calls.push(name);
            let call = inner.calls.len();
            let cut = inner.cut.filter(|cut| cut.call == call);
            (cut.map(|cut| cut.how), inner.steps)
        };
        if steps {
            once_later().await;
        }
        match how {
            None => perform.await,
            Some(How::KillBefore) => pending().await,
            Some(How::KillAfter) => {
                let _ = perform.await;
                pending().await
            }
            Some(How::LoseAnswer) => {
                let _ = perform.await;
                Err(lost())
            }
        }
    }
}

async fn once_later() {
    let mut later = true;
    poll_fn(|_| {
        if std::mem::take(&mut later) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

/// Lets a process go on as far as it comes: to its end, or to where it stands still or is dead. No port
/// here ever waits for anything else.
pub fn drive<T>(process: &mut Pin<Box<impl Future<Output = T> + ?Sized>>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match process.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A port as one process calls it.
#[derive(Clone)]
pub struct Watched<T> {
    inner: T,
    process: Process,
}

fn no_answer() -> StoreError {
    StoreError::Unavailable("no answer".to_owned())
}

impl<S: Store> Store for Watched<S> {
    async fn load(&self, name: &str) -> Result<Option<SecretState>, StoreError> {
        self.process
            .call("load", self.inner.load(name), no_answer)
            .await
    }

    async fn secret(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        self.process
            .call("secret", self.inner.secret(name), no_answer)
            .await
    }

    async fn consumers(&self, name: &str) -> Result<Vec<Consumer>, StoreError> {
        self.process
            .call("consumers", self.inner.consumers(name), no_answer)
            .await
    }

    async fn commit(&self, changes: &Changes) -> Result<(), StoreError> {
        self.process
            .call("commit", self.inner.commit(changes), no_answer)
            .await
    }

    async fn sent(&self, name: &str, ids: &[EventId]) -> Result<(), StoreError> {
        self.process
            .call("sent", self.inner.sent(name, ids), no_answer)
            .await
    }

    async fn due(
        &self,
        bucket: Bucket,
        until: i64,
        after: Option<&str>,
    ) -> Result<DuePage, StoreError> {
        self.process
            .call("due", self.inner.due(bucket, until, after), no_answer)
            .await
    }

    async fn take(&self, due: &Due, next: Next) -> Result<Taken, StoreError> {
        self.process
            .call("take", self.inner.take(due, next), no_answer)
            .await
    }

    async fn note_read(&self, read: &Read) -> Result<Noted, StoreError> {
        self.process
            .call("note_read", self.inner.note_read(read), no_answer)
            .await
    }

    async fn was_read(&self, id: &EventId) -> Result<bool, StoreError> {
        self.process
            .call("was_read", self.inner.was_read(id), no_answer)
            .await
    }

    async fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        self.process
            .call("list", self.inner.list(after, limit), no_answer)
            .await
    }

    async fn note_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        self.process
            .call("note_turn", self.inner.note_turn(turn), no_answer)
            .await
    }

    async fn cursor(&self, job: &str) -> Result<Option<String>, StoreError> {
        self.process
            .call("cursor", self.inner.cursor(job), no_answer)
            .await
    }

    async fn move_cursor(
        &self,
        job: &str,
        expected: Option<&str>,
        new: &str,
    ) -> Result<bool, StoreError> {
        let moving = self.inner.move_cursor(job, expected, new);
        self.process.call("move_cursor", moving, no_answer).await
    }
}

fn no_look() -> LookError {
    LookError::Unavailable("no answer".to_owned())
}

impl<K: Secrets> Secrets for Watched<K> {
    async fn look(&self, name: &str) -> Result<Look, LookError> {
        self.process
            .call("look", self.inner.look(name), no_look)
            .await
    }

    async fn registered(&self, page: Option<&str>) -> Result<TaggedPage, LookError> {
        self.process
            .call("registered", self.inner.registered(page), no_look)
            .await
    }
}

impl<R: Resume> Resume for Watched<R> {
    async fn resume(&self, name: &str) -> Result<(), LookError> {
        self.process
            .call("resume", self.inner.resume(name), no_look)
            .await
    }
}

impl<P: Publisher> Publisher for Watched<P> {
    fn source(&self) -> Source {
        self.inner.source()
    }

    async fn publish(&self, announcements: &[Announcement]) -> Result<(), PublishError> {
        let lost = || PublishError("no answer".to_owned());
        self.process
            .call("publish", self.inner.publish(announcements), lost)
            .await
    }

    fn told(&self, announcements: &[Announcement]) {
        self.inner.told(announcements);
    }
}

impl<O: Orders> Orders for Watched<O> {
    async fn send(&self, order: &Order) -> Result<(), OrderError> {
        let lost = || OrderError("no answer".to_owned());
        self.process
            .call("send", self.inner.send(order), lost)
            .await
    }
}

impl<A: Asking> Asking for Watched<A> {
    async fn ask(&self, wanted: &Wanted) -> Result<(), PublishError> {
        let lost = || PublishError("no answer".to_owned());
        self.process.call("ask", self.inner.ask(wanted), lost).await
    }
}

impl<S: Requests> Requests for Watched<S> {
    async fn request(&self, token: &VersionId) -> Result<Option<Request>, StoreError> {
        self.process
            .call("request", self.inner.request(token), no_answer)
            .await
    }

    async fn settle(&self, settlement: &Settlement) -> Result<(), StoreError> {
        self.process
            .call("settle", self.inner.settle(settlement), no_answer)
            .await
    }

    async fn requests_of(
        &self,
        day: i64,
        before: Option<&str>,
        limit: usize,
    ) -> Result<RequestPage, StoreError> {
        let page = self.inner.requests_of(day, before, limit);
        self.process.call("requests_of", page, no_answer).await
    }

    async fn actor(&self, source: &str) -> Result<Option<Actor>, StoreError> {
        self.process
            .call("actor", self.inner.actor(source), no_answer)
            .await
    }

    async fn actors(&self) -> Result<Vec<Actor>, StoreError> {
        self.process
            .call("actors", self.inner.actors(), no_answer)
            .await
    }

    async fn put_actor(&self, actor: &Actor) -> Result<(), StoreError> {
        self.process
            .call("put_actor", self.inner.put_actor(actor), no_answer)
            .await
    }

    async fn remove_actor(&self, source: &str) -> Result<bool, StoreError> {
        self.process
            .call("remove_actor", self.inner.remove_actor(source), no_answer)
            .await
    }

    async fn turn(&self, service: &str) -> Result<Option<Turn>, StoreError> {
        self.process
            .call("turn", self.inner.turn(service), no_answer)
            .await
    }

    async fn take_slot(&self, second: i64, tenant: &str, most: u32) -> Result<bool, StoreError> {
        let taking = self.inner.take_slot(second, tenant, most);
        self.process.call("take_slot", taking, no_answer).await
    }
}

impl<R: Rotate> Rotate for Watched<R> {
    async fn rotate(&self, arn: &str, token: &VersionId) -> Result<Rotated, RotateError> {
        let lost = || RotateError::Unavailable("no answer".to_owned());
        self.process
            .call("rotate", self.inner.rotate(arn, token), lost)
            .await
    }
}
