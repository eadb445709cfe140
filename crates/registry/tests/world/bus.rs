use std::sync::{Arc, Mutex};

use rekey_events::{Announcement, EventId, Source};
use rekey_registry::{Asking, LookError, Resume, Wanted, announced};
use rekey_registry::{Order, OrderError, Orders, PublishError, Publisher};

/// A bus that remembers what it took, in order.
#[derive(Clone)]
pub struct Bus {
    source: Source,
    taken: Arc<Mutex<Vec<Announcement>>>,
    told: Arc<Mutex<Vec<EventId>>>,
}

impl Bus {
    pub fn of(source: Source) -> Self {
        Self {
            source,
            taken: Arc::default(),
            told: Arc::default(),
        }
    }

    /// The same bus, for another function.
    pub fn as_seen_by(&self, source: Source) -> Self {
        Self {
            source,
            taken: Arc::clone(&self.taken),
            told: Arc::clone(&self.told),
        }
    }

    /// What was taken and is out of the outbox.
    pub fn told(&self) -> Vec<EventId> {
        self.told.lock().unwrap().clone()
    }

    pub fn taken(&self) -> Vec<Announcement> {
        self.taken.lock().unwrap().clone()
    }

    /// The types of what was taken.
    pub fn types(&self) -> Vec<String> {
        let taken = self.taken();
        taken
            .iter()
            .map(|one| one.detail_type.to_string())
            .collect()
    }
}

impl Publisher for Bus {
    fn source(&self) -> Source {
        self.source
    }

    async fn publish(&self, announcements: &[Announcement]) -> Result<(), PublishError> {
        let may = match self.source {
            Source::Observe => announced::OBSERVE,
            Source::Sweep => announced::SWEEP,
            Source::Retire => announced::RETIRE,
            Source::Request => announced::REQUEST,
            _ => &[],
        };
        for one in announcements {
            let detail_type = one.detail_type;
            assert!(
                may.contains(&detail_type),
                "{} may not announce {detail_type}",
                self.source
            );
        }
        self.taken.lock().unwrap().extend_from_slice(announcements);
        Ok(())
    }

    fn told(&self, announcements: &[Announcement]) {
        let ids = announcements.iter().map(|one| one.event_id);
        self.told.lock().unwrap().extend(ids);
    }
}

/// A queue that remembers.
#[derive(Clone, Default)]
pub struct Queue(Arc<Mutex<Vec<Order>>>);

impl Queue {
    pub fn taken(&self) -> Vec<Order> {
        self.0.lock().unwrap().clone()
    }
}

impl Orders for Queue {
    async fn send(&self, order: &Order) -> Result<(), OrderError> {
        self.0.lock().unwrap().push(order.clone());
        Ok(())
    }
}

/// RotateSecret calls, remembered.
#[derive(Clone, Default)]
pub struct Rotations(Arc<Mutex<Vec<String>>>);

impl Rotations {
    pub fn called(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Resume for Rotations {
    async fn resume(&self, name: &str) -> Result<(), LookError> {
        self.0.lock().unwrap().push(name.to_owned());
        Ok(())
    }
}

/// The requests bus, for what we ask for ourselves.
#[derive(Clone, Default)]
pub struct RequestsBus(Arc<Mutex<Vec<Wanted>>>);

impl RequestsBus {
    pub fn taken(&self) -> Vec<Wanted> {
        self.0.lock().unwrap().clone()
    }
}

impl Asking for RequestsBus {
    async fn ask(&self, wanted: &Wanted) -> Result<(), PublishError> {
        self.0.lock().unwrap().push(wanted.clone());
        Ok(())
    }
}
