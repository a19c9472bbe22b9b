//! Channels between interpreters: the table of all of them, without Python objects.
//!
//! A channel has two ends, and each interpreter that has used an end is associated with
//! it until it releases it. The channel is open as long as any end is, or none was ever
//! used. It goes with the last `ChannelID` that names it.
//!
//! Invariant XC-1: the table is locked for bounded time, by threads that neither allocate
//! nor poll meanwhile, and no item is dropped under the lock: it may name a channel.
//! Tests: CPython test__interpchannels, test_interpreters.test_channels.

use super::data::Data;
use super::unbound;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use typhon_object::Cx;
use typhon_sync::park::Semaphore;

/// Which ends: the sending, the receiving, or both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ends {
    Both,
    Send,
    Recv,
}

/// Why something was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    NotFound,
    Closed,
    /// By this interpreter.
    Released,
    Empty,
    NotEmpty,
}

type Done<T> = std::result::Result<T, Refusal>;

/// What a sender waits with until its item is received or thrown away.
pub struct Waiting {
    pub over: Semaphore,
    pub received: AtomicBool,
}

/// What was sent.
pub struct Item {
    /// `None` once its interpreter has ended.
    pub data: Option<Data>,
    pub interp: i64,
    pub unbound: i64,
    pub waiting: Option<Arc<Waiting>>,
}

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(w) = &self.waiting {
            w.over.release_binary();
        }
    }
}

#[derive(Default)]
struct Side(Vec<(i64, bool)>);

impl Side {
    fn find(&mut self, interp: i64) -> Option<&mut (i64, bool)> {
        self.0.iter_mut().find(|e| e.0 == interp)
    }
    fn associate(&mut self, interp: i64) -> Done<()> {
        match self.find(interp) {
            Some((_, false)) => return Err(Refusal::Released),
            Some(_) => {}
            None => self.0.push((interp, true)),
        }
        Ok(())
    }
    fn close(&mut self, interp: i64) {
        match self.find(interp) {
            Some(e) => e.1 = false,
            None => self.0.push((interp, false)),
        }
    }
}

struct Channel {
    items: VecDeque<Item>,
    send: Side,
    recv: Side,
    open: bool,
    /// It closes when it is empty.
    closing: bool,
    unbound: i64,
    fallback: i64,
}

impl Channel {
    fn look(&mut self) {
        let unused = self.send.0.is_empty() && self.recv.0.is_empty();
        self.open = unused || self.send.0.iter().chain(&self.recv.0).any(|e| e.1);
    }
}

struct Entry {
    /// `ChannelID`s and channels on their way that name it.
    names: i64,
    /// `None` once it is closed.
    channel: Option<Channel>,
}

struct Table {
    channels: BTreeMap<i64, Entry>,
    next: i64,
}

static TABLE: Mutex<Table> = Mutex::new(Table { channels: BTreeMap::new(), next: 0 });
/// Channels that a collected `ChannelID` named: the collector takes no lock but this one.
static UNNAMED: Mutex<Vec<i64>> = Mutex::new(Vec::new());

fn lock<T>(m: &'static Mutex<T>) -> MutexGuard<'static, T> {
    // XC-1.
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

fn table() -> MutexGuard<'static, Table> {
    for id in std::mem::take(&mut *lock(&UNNAMED)) {
        unname(id);
    }
    lock(&TABLE)
}

/// Names the channel once more; `false` if there is none and `force` is not given.
pub fn name(id: i64) -> bool {
    table().channels.get_mut(&id).map(|e| e.names += 1).is_some()
}

/// Names it once less.
pub fn unname(id: i64) {
    let gone = {
        let mut t = lock(&TABLE);
        let Some(e) = t.channels.get_mut(&id) else { return };
        e.names -= 1;
        let last = e.names <= 0;
        if last { t.channels.remove(&id) } else { None }
    };
    drop(gone);
}

/// The same, for the collector.
pub fn unname_later(id: i64) {
    lock(&UNNAMED).push(id);
}

/// A new channel.
pub fn create(unbound: i64, fallback: i64) -> i64 {
    let mut t = table();
    let id = t.next;
    t.next += 1;
    let channel = Channel {
        items: VecDeque::new(),
        send: Side::default(),
        recv: Side::default(),
        open: true,
        closing: false,
        unbound,
        fallback,
    };
    t.channels.insert(id, Entry { names: 0, channel: Some(channel) });
    id
}

/// Take the channel out of the table.
pub fn destroy(id: i64) -> Done<()> {
    let gone = table().channels.remove(&id);
    gone.map(|_| ()).ok_or(Refusal::NotFound)
}

/// Id and defaults of all that are not closed, the newest first.
pub fn all() -> Vec<[i64; 3]> {
    let t = table();
    let open = t.channels.iter().rev().filter_map(|(id, e)| e.channel.as_ref().map(|c| (id, c)));
    open.map(|(id, c)| [*id, c.unbound, c.fallback]).collect()
}

fn with<R>(id: i64, f: impl FnOnce(&mut Channel) -> Done<R>) -> Done<R> {
    let mut t = table();
    let e = t.channels.get_mut(&id).ok_or(Refusal::NotFound)?;
    match &mut e.channel {
        Some(c) if c.open => f(c),
        _ => Err(Refusal::Closed),
    }
}

/// `unboundop` and `fallback` that it was made with.
pub fn defaults(id: i64) -> Done<(i64, i64)> {
    with(id, |c| if c.closing { Err(Refusal::Closed) } else { Ok((c.unbound, c.fallback)) })
}

/// Put an item in.
pub fn send(id: i64, item: Item) -> Done<()> {
    let interp = item.interp;
    // XC-1: a refused item is dropped outside.
    let mut item = Some(item);
    with(id, |c| {
        if c.closing {
            return Err(Refusal::Closed);
        }
        c.send.associate(interp)?;
        c.items.extend(item.take());
        Ok(())
    })
}

/// Take the item back whose sender waits no longer.
pub fn take_back(id: i64, waiting: &Arc<Waiting>) {
    let item = with(id, |c| {
        let at = c.items.iter().position(|i| i.waiting.as_ref().is_some_and(|w| Arc::ptr_eq(w, waiting)));
        Ok(at.and_then(|at| c.items.remove(at)))
    });
    drop(item);
}

/// The next item.
pub fn recv(id: i64, interp: i64) -> Done<Item> {
    let mut t = table();
    let e = t.channels.get_mut(&id).ok_or(Refusal::NotFound)?;
    let c = e.channel.as_mut().filter(|c| c.open).ok_or(Refusal::Closed)?;
    c.recv.associate(interp)?;
    let item = c.items.pop_front();
    if c.closing && c.items.is_empty() {
        // Nothing is in it that would have to be dropped outside.
        e.channel = None;
    }
    item.ok_or(Refusal::Empty)
}

/// Let go of ends.
pub fn release(id: i64, interp: i64, ends: Ends) -> Done<()> {
    with(id, |c| {
        if ends != Ends::Recv {
            c.send.close(interp);
        }
        if ends != Ends::Send {
            c.recv.close(interp);
        }
        c.look();
        Ok(())
    })
}

/// Close it for all.
pub fn close(id: i64, ends: Ends, force: bool) -> Done<()> {
    let closed = {
        let mut t = table();
        let e = t.channels.get_mut(&id).ok_or(Refusal::NotFound)?;
        let c = e.channel.as_mut().ok_or(Refusal::Closed)?;
        if !c.open || c.closing && !force && ends == Ends::Send {
            return Err(Refusal::Closed);
        }
        if !force && !c.items.is_empty() {
            if ends != Ends::Send {
                return Err(Refusal::NotEmpty);
            }
            c.closing = true;
            return Ok(());
        }
        e.channel.take()
    };
    drop(closed);
    Ok(())
}

/// Whether the interpreter is associated with the end.
pub fn is_associated(id: i64, interp: i64, send: bool) -> Done<bool> {
    with(id, |c| {
        if send && c.closing {
            return Err(Refusal::Closed);
        }
        let side = if send { &mut c.send } else { &mut c.recv };
        Ok(side.find(interp).is_some_and(|e| e.1))
    })
}

/// How many items are in it.
pub fn count(id: i64) -> Done<usize> {
    with(id, |c| Ok(c.items.len()))
}

/// What `get_info` tells.
pub struct Info {
    pub open: bool,
    pub closing: bool,
    pub count: usize,
    /// Interpreters with this end open, and with this end released.
    pub send: (usize, usize),
    pub recv: (usize, usize),
}

/// The state of the channel.
pub fn info(id: i64) -> Done<Info> {
    let t = table();
    let e = t.channels.get(&id).ok_or(Refusal::NotFound)?;
    let Some(c) = e.channel.as_ref().filter(|c| c.open) else {
        return Ok(Info { open: false, closing: false, count: 0, send: (0, 0), recv: (0, 0) });
    };
    let sides = |s: &Side| {
        let open = s.0.iter().filter(|e| e.1).count();
        (open, s.0.len() - open)
    };
    let (send, recv) = (sides(&c.send), sides(&c.recv));
    Ok(Info { open: !c.closing, closing: c.closing, count: c.items.len(), send, recv })
}

/// An interpreter has ended: its ends are released, and its items dealt with.
pub fn forget_items(_cx: &Cx, interp: i64) {
    let mut dead: Vec<Item> = Vec::new();
    for c in table().channels.values_mut().filter_map(|e| e.channel.as_mut()) {
        for mut i in std::mem::take(&mut c.items) {
            if i.interp != interp {
                c.items.push_back(i);
            } else if i.unbound == unbound::REMOVE {
                dead.push(i);
            } else {
                let (unbound, data) = (i.unbound, i.data.take());
                c.items.push_back(Item { data: None, interp: -1, unbound, waiting: i.waiting.take() });
                dead.push(Item { data, interp, unbound, waiting: None });
            }
        }
        for side in [&mut c.send, &mut c.recv] {
            if let Some(e) = side.find(interp) {
                e.1 = false;
            }
        }
        c.look();
    }
}

/// Note that the item was received.
pub fn received(item: &Item) {
    if let Some(w) = &item.waiting {
        w.received.store(true, Ordering::Release);
    }
}
