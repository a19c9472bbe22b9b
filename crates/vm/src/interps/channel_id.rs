//! `_interpchannels.ChannelID`: names a channel, or one of its ends, and keeps it.
//!
//! Tests: CPython test__interpchannels.

use super::channels::{self, Ends};
use crate::import;
use typhon_macros::{Trace, class};
use typhon_object::interp::InterpRoot;
use typhon_object::types::Type;
use typhon_object::{Cx, ExcKind, Gc, Obj, Result, int, name, native, ops};

static SEND: InterpRoot = InterpRoot::new();
static RECV: InterpRoot = InterpRoot::new();

/// The payload.
#[derive(Trace)]
pub struct ChannelID {
    #[trace(skip)]
    id: i64,
    #[trace(skip)]
    ends: Ends,
}

impl Drop for ChannelID {
    fn drop(&mut self) {
        channels::unname_later(self.id);
    }
}

/// A channel ID identifies a channel and may be used as an int.
#[class(module = "_interpchannels", name = "ChannelID", weakref)]
impl ChannelID {
    fn __repr__(&self) -> String {
        let id = self.id;
        match self.ends {
            Ends::Both => format!("ChannelID({id})"),
            Ends::Send => format!("ChannelID({id}, send=True)"),
            Ends::Recv => format!("ChannelID({id}, recv=True)"),
        }
    }
    fn __str__(&self) -> String {
        self.id.to_string()
    }
    fn __int__(&self) -> i64 {
        self.id
    }
    fn __index__(&self) -> i64 {
        self.id
    }
    fn __hash__(&self) -> i64 {
        self.id
    }
    fn __eq__(&self, cx: &mut Cx, other: Obj) -> Result<Obj> {
        if let Some(o) = other.cast::<ChannelID>() {
            return Ok(Obj::bool(self.id == o.id && self.ends == o.ends));
        }
        let class = ops::class_of(other);
        let number = int::is_int(other)
            || [typhon_object::Dunder::Index, typhon_object::Dunder::Int, typhon_object::Dunder::Float]
                .iter()
                .any(|d| class.special(*d).is_some());
        if !number {
            return Ok(Obj::NOT_IMPLEMENTED);
        }
        let own = int::from_i64(cx, self.id)?;
        Ok(Obj::bool(ops::equal(cx, own, other)?))
    }
    /// 'send', 'recv', or 'both'
    #[getter]
    fn end(&self) -> &'static str {
        match self.ends {
            Ends::Both => "both",
            Ends::Send => "send",
            Ends::Recv => "recv",
        }
    }
    /// the 'send' end of the channel
    #[getter]
    fn send(&self, cx: &mut Cx) -> Result<Obj> {
        Ok(new(cx, self.id, Ends::Send)?.obj())
    }
    /// the 'recv' end of the channel
    #[getter]
    fn recv(&self, cx: &mut Cx) -> Result<Obj> {
        Ok(new(cx, self.id, Ends::Recv)?.obj())
    }
}

/// A `ChannelID`; the channel need not exist.
pub fn new(cx: &mut Cx, id: i64, ends: Ends) -> Result<Gc<ChannelID>> {
    channels::name(id);
    native::instance(cx, ChannelID { id, ends })
}

impl ChannelID {
    /// The number and the ends.
    pub fn parts(&self) -> (i64, Ends) {
        (self.id, self.ends)
    }
}

/// A channel, or an end of one, on its way between interpreters.
pub struct ChannelRef {
    id: i64,
    ends: Ends,
}

impl ChannelRef {
    fn new(id: i64, ends: Ends) -> ChannelRef {
        channels::name(id);
        ChannelRef { id, ends }
    }
}

impl Drop for ChannelRef {
    fn drop(&mut self) {
        channels::unname(self.id);
    }
}

fn end_of(cx: &Cx, o: Obj) -> Option<Ends> {
    let class = ops::class_of(o).obj().word();
    let is = |root: &'static InterpRoot| root.get(cx) != 0 && root.get(cx) == class;
    if is(&SEND) { Some(Ends::Send) } else { is(&RECV).then_some(Ends::Recv) }
}

/// Whether the object is a `ChannelID` or a channel's end.
pub fn crosses(cx: &Cx, o: Obj) -> bool {
    o.cast::<ChannelID>().is_some() || end_of(cx, o).is_some()
}

/// What is sent of a `ChannelID`, or of an end (then with `true`).
pub fn reference(cx: &mut Cx, o: Obj) -> Result<Option<(ChannelRef, bool)>> {
    if let Some(c) = o.cast::<ChannelID>() {
        return Ok(Some((ChannelRef::new(c.id, c.ends), false)));
    }
    let Some(ends) = end_of(cx, o) else { return Ok(None) };
    let id = ops::get_attr(cx, o, name!(cx, "_id"))?;
    match id.cast::<ChannelID>() {
        Some(c) => Ok(Some((ChannelRef::new(c.id, ends), true))),
        None => {
            let t = cx.type_name(id);
            Err(cx.type_error(format!("'_id' attribute must be an _interpchannels.ChannelID object, not {t}")))
        }
    }
}

/// The object that was sent.
pub fn object(cx: &mut Cx, c: &ChannelRef, is_end: bool) -> Result<Obj> {
    let id = new(cx, c.id, c.ends)?;
    if !is_end {
        return Ok(id.obj());
    }
    let root = if c.ends == Ends::Send { &SEND } else { &RECV };
    if root.get(cx) == 0 {
        import_python(cx)?;
    }
    match Obj::from_word(root.get(cx)) {
        Some(class) => ops::call_args(cx, class, &[id.obj()]),
        None => Ok(id.obj()),
    }
}

/// The Python part tells of its classes when it is imported. It is public nowhere yet;
/// CPython has it among its tests.
fn import_python(cx: &mut Cx) -> Result<()> {
    match import::import_module(cx, "concurrent.interpreters._channels") {
        Ok(_) => Ok(()),
        Err(e) if e.is(cx, ExcKind::ImportError) => import::import_module(cx, "test.support.channels").map(|_| ()),
        Err(e) => Err(e),
    }
}

/// `_register_end_types`.
pub fn register(cx: &mut Cx, send: Obj, recv: Obj) -> Result<()> {
    for (n, o) in [("send", send), ("recv", recv)] {
        if o.cast::<Type>().is_none() {
            return Err(cx.type_error(format!("expected a type for '{n}'")));
        }
    }
    SEND.set(cx, send.word());
    RECV.set(cx, recv.word());
    Ok(())
}
