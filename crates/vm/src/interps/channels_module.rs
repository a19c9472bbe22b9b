//! `_interpchannels`: the functions.
//!
//! Tests: CPython test__interpchannels, test_interpreters.test_channels.

use super::channel_id::{self, ChannelID};
use super::channels::{self, Ends, Item, Refusal, Waiting};
use super::data::Data;
use super::{errors, fallback, id_arg, unbound};
use crate::deadlock::On;
use crate::{import, lock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use typhon_macros::module;
use typhon_object::exc_class::{exception_class, exception_subclass};
use typhon_object::interp::{self, InterpRoot};
use typhon_object::native::{Args, Missing};
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Raised, Result, list, name, ops, str, tuple};
use typhon_sync::park::Semaphore;

const HOME: &str = "_interpchannels";

static ERROR: InterpRoot = InterpRoot::new();
static NOT_FOUND: InterpRoot = InterpRoot::new();
static CLOSED: InterpRoot = InterpRoot::new();
static EMPTY: InterpRoot = InterpRoot::new();
static NOT_EMPTY: InterpRoot = InterpRoot::new();
static INFO: InterpRoot = InterpRoot::new();

fn class(cx: &mut Cx, root: &'static InterpRoot, name: &str) -> Result<Gc<Type>> {
    let base = exception_class(cx, &ERROR, HOME, "ChannelError", ExcKind::RuntimeError)?;
    exception_subclass(cx, root, HOME, name, base)
}

#[cold]
fn refused(cx: &mut Cx, id: i64, why: Refusal) -> Raised {
    let (class, text) = match why {
        Refusal::NotFound => (class(cx, &NOT_FOUND, "ChannelNotFoundError"), format!("channel {id} not found")),
        Refusal::Closed => (class(cx, &CLOSED, "ChannelClosedError"), format!("channel {id} is closed")),
        Refusal::Released => (class(cx, &CLOSED, "ChannelClosedError"), format!("channel {id} is already closed")),
        Refusal::Empty => (class(cx, &EMPTY, "ChannelEmptyError"), format!("channel {id} is empty")),
        Refusal::NotEmpty => (
            class(cx, &NOT_EMPTY, "ChannelNotEmptyError"),
            format!("channel {id} may not be closed if not empty (try force=True)"),
        ),
    };
    errors::raised(cx, class, &text)
}

fn id_of(cx: &mut Cx, o: Obj) -> Result<i64> {
    match o.cast::<ChannelID>() {
        Some(c) => Ok(c.parts().0),
        None => id_arg(cx, o, "channel"),
    }
}

/// Which ends the arguments `send` and `recv` mean.
fn ends(send: bool, recv: bool) -> Ends {
    match (send, recv) {
        (true, false) => Ends::Send,
        (false, true) => Ends::Recv,
        _ => Ends::Both,
    }
}

struct Sending {
    unbound: i64,
    fallback: i64,
    blocking: bool,
    timeout: f64,
}

fn send(cx: &mut Cx, cid: Obj, how: Sending, data: impl FnOnce(&mut Cx, bool) -> Result<Data>) -> Result<()> {
    let id = id_of(cx, cid)?;
    let defaults = channels::defaults(id).map_err(|e| refused(cx, id, e))?;
    let unbound = unbound::check(cx, how.unbound, defaults.0)?;
    let full = fallback::check(cx, how.fallback, defaults.1)? == fallback::FULL;
    let deadline = lock::deadline(cx, how.timeout)?;
    let waiting = how.blocking.then(|| Arc::new(Waiting { over: Semaphore::new(0), received: AtomicBool::new(false) }));
    let data = Some(data(cx, full)?);
    let item = Item { data, interp: cx.interp().id(), unbound, waiting: waiting.clone() };
    channels::send(id, item).map_err(|e| refused(cx, id, e))?;
    let Some(w) = waiting else { return Ok(()) };
    let over = lock::acquire(cx, &w.over, deadline, On::Anyone);
    if w.received.load(Ordering::Acquire) {
        return over.map(|_| ());
    }
    match over {
        Ok(true) => {
            let class = class(cx, &CLOSED, "ChannelClosedError");
            Err(errors::raised(cx, class, &format!("channel {id} has closed")))
        }
        other => {
            channels::take_back(id, &w);
            other?;
            Err(cx.error(ExcKind::TimeoutError, "timed out"))
        }
    }
}

/// The arguments `blocking` and `timeout`: -1 for no end.
fn timeout(cx: &mut Cx, blocking: bool, timeout: Obj) -> Result<f64> {
    if timeout.is_none() {
        return Ok(-1.0);
    }
    if !blocking {
        return Err(cx.value_error("can't specify a timeout for a non-blocking call"));
    }
    let t = ops::as_float(cx, timeout)?;
    if t < 0.0 {
        return Err(cx.value_error("timeout value must be a non-negative number"));
    }
    Ok(t)
}

/// The class `ChannelInfo`.
fn info_class(cx: &mut Cx) -> Result<Obj> {
    if let Some(c) = Obj::from_word(INFO.get(cx)) {
        return Ok(c);
    }
    const FIELDS: &str = "open closing closed count num_interp_send num_interp_send_released num_interp_recv \
                          num_interp_recv_released";
    let collections = import::import_module(cx, "collections")?;
    let (n, fields) = (str::new(cx, "ChannelInfo")?, str::new(cx, FIELDS)?);
    let class = ops::call_method(cx, collections, "namedtuple", &[n.obj(), fields.obj()])?;
    let home = str::new(cx, HOME)?;
    ops::set_attr(cx, class, name!(cx, "__module__"), Some(home.obj()))?;
    INFO.set(cx, class.word());
    Ok(class)
}

/// This module provides primitive operations to manage Python interpreters.
/// The 'interpreters' module provides a more convenient interface.
#[module("_interpchannels", classes(ChannelID))]
pub mod functions {
    use super::*;

    /// Create a new cross-interpreter channel and return a unique generated ID.
    #[sig(unboundop = -1, fallback = -1)]
    fn create(cx: &mut Cx, unboundop: i64, fallback: i64) -> Result<Obj> {
        let unbound = unbound::check(cx, unboundop, unbound::REPLACE)?;
        let fallback = fallback::check(cx, fallback, fallback::FULL)?;
        let id = channels::create(unbound, fallback);
        Ok(channel_id::new(cx, id, Ends::Both)?.obj())
    }

    /// Close and finalize the channel.  Afterward attempts to use the channel
    /// will behave as though it never existed.
    #[sig(cid)]
    fn destroy(cx: &mut Cx, cid: Obj) -> Result<()> {
        let id = id_of(cx, cid)?;
        channels::destroy(id).map_err(|e| refused(cx, id, e))
    }

    /// Return the list of all IDs for active channels.
    fn list_all(cx: &mut Cx) -> Result<Obj> {
        super::super::settle(cx);
        let l = list::new(cx, &[])?;
        for [id, unbound, fallback] in channels::all() {
            let id = channel_id::new(cx, id, Ends::Both)?;
            let row = [id.obj(), Obj::int_unchecked(unbound), Obj::int_unchecked(fallback)];
            let row = tuple::new(cx, &row)?;
            l.append(cx, row.obj())?;
        }
        Ok(l.obj())
    }

    /// Return the list of all interpreter IDs associated with an end of the channel.
    ///
    /// The 'send' argument should be a boolean indicating whether to use the send or
    /// receive end.
    #[sig(cid, *, send)]
    fn list_interpreters(cx: &mut Cx, cid: Obj, send: bool) -> Result<Obj> {
        let id = id_of(cx, cid)?;
        let l = list::new(cx, &[])?;
        for i in interp::all(cx) {
            if channels::is_associated(id, i.id(), send).map_err(|e| refused(cx, id, e))? {
                l.append(cx, Obj::int_unchecked(i.id()))?;
            }
        }
        Ok(l.obj())
    }

    /// Add the object's data to the channel's queue.
    /// By default this waits for the object to be received.
    #[sig(cid, obj, unboundop = -1, fallback = -1, *, blocking = True, timeout = None)]
    fn send(
        cx: &mut Cx,
        cid: Obj,
        obj: Obj,
        unboundop: i64,
        fallback: i64,
        blocking: bool,
        timeout: Obj,
    ) -> Result<()> {
        let timeout = super::timeout(cx, blocking, timeout)?;
        let how = Sending { unbound: unboundop, fallback, blocking, timeout };
        super::send(cx, cid, how, |cx, full| Data::of(cx, obj, full))
    }

    /// Add the object's buffer to the channel's queue.
    /// By default this waits for the object to be received.
    #[sig(cid, obj, unboundop = -1, fallback = -1, *, blocking = True, timeout = None)]
    fn send_buffer(
        cx: &mut Cx,
        cid: Obj,
        obj: Obj,
        unboundop: i64,
        fallback: i64,
        blocking: bool,
        timeout: Obj,
    ) -> Result<()> {
        let timeout = super::timeout(cx, blocking, timeout)?;
        let how = Sending { unbound: unboundop, fallback, blocking, timeout };
        super::send(cx, cid, how, |cx, _| Data::of_buffer(cx, obj))
    }

    /// Return a new object from the data at the front of the channel's queue.
    ///
    /// If there is nothing to receive then raise ChannelEmptyError, unless
    /// a default value is provided.  In that case return it.
    #[sig(cid, default = <missing>)]
    fn recv(cx: &mut Cx, cid: Obj, default: Missing<Obj>) -> Result<Obj> {
        let id = id_of(cx, cid)?;
        let pair = |cx: &Cx, a: Obj, b: Obj| Ok(tuple::new(cx, &[a, b])?.obj());
        let item = match (channels::recv(id, cx.interp().id()), default) {
            (Ok(item), _) => item,
            (Err(Refusal::Empty), Missing::Given(d)) => return pair(cx, d, Obj::NONE),
            (Err(e), _) => return Err(refused(cx, id, e)),
        };
        channels::received(&item);
        match &item.data {
            Some(d) => {
                let o = d.to_obj(cx)?;
                pair(cx, o, Obj::NONE)
            }
            None => pair(cx, Obj::NONE, Obj::int_unchecked(item.unbound)),
        }
    }

    /// Close the channel for all interpreters.
    ///
    /// If the channel is empty then the keyword args are ignored and both
    /// ends are immediately closed.  Otherwise, if 'force' is True then
    /// all queued items are released and both ends are immediately closed.
    /// Otherwise the sending end alone may be closed; the rest follows once
    /// everything is received.
    #[sig(cid, *, send = False, recv = False, force = False)]
    fn close(cx: &mut Cx, cid: Obj, send: bool, recv: bool, force: bool) -> Result<()> {
        let id = id_of(cx, cid)?;
        channels::close(id, ends(send, recv), force).map_err(|e| refused(cx, id, e))
    }

    /// Close the channel for the current interpreter.  'send' and 'recv'
    /// (bool) may be used to indicate the ends to close.  By default both
    /// ends are closed.  Closing an already closed end is a noop.
    #[sig(cid, *, send = False, recv = False, force = False)]
    fn release(cx: &mut Cx, cid: Obj, send: bool, recv: bool, force: bool) -> Result<()> {
        let _ = force;
        let id = id_of(cx, cid)?;
        channels::release(id, cx.interp().id(), ends(send, recv)).map_err(|e| refused(cx, id, e))
    }

    /// Return the number of items in the channel.
    #[sig(cid)]
    fn get_count(cx: &mut Cx, cid: Obj) -> Result<usize> {
        let id = id_of(cx, cid)?;
        channels::count(id).map_err(|e| refused(cx, id, e))
    }

    /// Return details about the channel.
    #[sig(cid)]
    fn get_info(cx: &mut Cx, cid: Obj) -> Result<Obj> {
        let id = id_of(cx, cid)?;
        let i = channels::info(id).map_err(|e| refused(cx, id, e))?;
        let class = info_class(cx)?;
        let n = |n: usize| Obj::int_unchecked(n as i64);
        let closed = !i.open && !i.closing;
        let state = [Obj::bool(i.open), Obj::bool(i.closing), Obj::bool(closed), n(i.count)];
        let ends = [n(i.send.0), n(i.send.1), n(i.recv.0), n(i.recv.1)];
        let all = [state, ends].concat();
        ops::call_args(cx, class, &all)
    }

    /// Return the channel's default values, set when it was created.
    #[sig(cid)]
    fn get_channel_defaults(cx: &mut Cx, cid: Obj) -> Result<(i64, i64)> {
        let id = id_of(cx, cid)?;
        channels::defaults(id).map_err(|e| refused(cx, id, e))
    }

    /// Return the ChannelID for a number.
    fn _channel_id(cx: &mut Cx, args: Args<'_>) -> Result<Obj> {
        let [cid] = args.pos else {
            let n = args.pos.len();
            return Err(cx.type_error(format!("_channel_id() takes exactly 1 positional argument ({n} given)")));
        };
        let (mut send, mut recv, mut force) = (None, None, false);
        for (k, v) in args.keywords() {
            match &*k.to_str() {
                "send" => send = Some(ops::truth(cx, v)?),
                "recv" => recv = Some(ops::truth(cx, v)?),
                "force" => force = ops::truth(cx, v)?,
                "_resolve" => {}
                k => return Err(cx.type_error(format!("_channel_id() got an unexpected keyword argument '{k}'"))),
            }
        }
        let id = id_of(cx, *cid)?;
        let given = cid.cast::<ChannelID>().map_or(Ends::Both, |c| c.parts().1);
        let ends = match (send, recv) {
            (Some(false), Some(false)) => return Err(cx.value_error("'send' and 'recv' cannot both be False")),
            (Some(true), Some(true)) => Ends::Both,
            (Some(true), _) => Ends::Send,
            (_, Some(true)) => Ends::Recv,
            _ => given,
        };
        if !force {
            channels::info(id).map_err(|e| refused(cx, id, e))?;
        }
        Ok(channel_id::new(cx, id, ends)?.obj())
    }

    /// Tell of the classes of the Python part.
    #[sig(send, recv)]
    fn _register_end_types(cx: &mut Cx, send: Obj, recv: Obj) -> Result<()> {
        channel_id::register(cx, send, recv)
    }

    fn __exec__(cx: &mut Cx, module: Obj) -> Result<()> {
        let base = exception_class(cx, &ERROR, HOME, "ChannelError", ExcKind::RuntimeError)?;
        ops::set_attr(cx, module, name!(cx, "ChannelError"), Some(base.obj()))?;
        let kinds = [
            (&NOT_FOUND, "ChannelNotFoundError"),
            (&CLOSED, "ChannelClosedError"),
            (&EMPTY, "ChannelEmptyError"),
            (&NOT_EMPTY, "ChannelNotEmptyError"),
        ];
        for (root, n) in kinds {
            let c = class(cx, root, n)?;
            let n = cx.intern(n)?;
            ops::set_attr(cx, module, n, Some(c.obj()))?;
        }
        Ok(())
    }
}
