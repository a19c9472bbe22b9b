//! Object headers and the layout table.
//!
//! Every object starts with a [`Header`], whose `shape` indexes a table of 64-byte
//! [`Layout`] records at a fixed address. The table is one reserved range of
//! virtual memory, committed by the operating system as it is touched, so records never
//! move (GC-16) and a lookup is a load of the base and an addition.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// The first eight bytes of every heap object.
#[repr(C)]
pub struct Header {
    /// Index of the object's [`Layout`].
    pub shape: AtomicU32,
    /// Lock bits (`typhon_sync::object_lock`) and bits of the object layer.
    pub meta: AtomicU32,
}

/// Where an object's value slots are.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutKind {
    /// No pointers; `size` bytes, or `size_fn`.
    Leaf = 0,
    /// `nslots` value slots directly after the header; `size` bytes in all, of
    /// which those beyond the slots are not traced.
    Slots = 1,
    /// Header, `len: u64`, `len` value slots.
    Array = 2,
    /// Header, `len: u64`, `len` bytes.
    Bytes = 3,
    /// `trace` visits the slots.
    Custom = 4,
}

/// Tracing an instance visits `owner`.
pub const TRACE_OWNER: u8 = 1;
/// The word at offset 8 is a weak referent: never traced, cleared when it dies.
pub const WEAK_REFERENT: u8 = 2;
/// A weak object is queued for `pop_cleared_weak` when its referent dies.
pub const QUEUE_CLEARED: u8 = 4;
/// Tracing an instance visits `user[0]` as a value slot.
pub const TRACE_USER0: u8 = 8;

/// How to size and trace the objects of one shape.
#[repr(C, align(64))]
pub struct Layout {
    pub trace: unsafe fn(*mut u8, &mut Tracer),
    pub kind: LayoutKind,
    pub flags: u8,
    pub nslots: u16,
    /// Bytes of a fixed-size object; 0: ask `size_fn` (kinds Leaf and Custom).
    pub size: u32,
    pub size_fn: unsafe fn(*const u8) -> usize,
    /// A value slot, usually the class; see [`TRACE_OWNER`]. Set it before the first
    /// instance exists (an instance traces it like a field of its own).
    pub owner: AtomicU64,
    /// Belongs to the object layer.
    pub user: [AtomicU64; 4],
}

const _: () = assert!(size_of::<Layout>() == 64);
const _: () = assert!(size_of::<Header>() == 8);

/// The fields of a new [`Layout`].
#[derive(Clone, Copy)]
pub struct LayoutInit {
    pub trace: unsafe fn(*mut u8, &mut Tracer),
    pub kind: LayoutKind,
    pub flags: u8,
    pub nslots: u16,
    pub size: u32,
    pub size_fn: unsafe fn(*const u8) -> usize,
    pub owner: u64,
    pub user: [u64; 4],
}

/// The trace function of layouts that are not `Custom`.
pub unsafe fn no_trace(_: *mut u8, _: &mut Tracer) {}

/// The size function of layouts that do not need one.
pub unsafe fn no_size(_: *const u8) -> usize {
    unreachable!("the layout has neither a size nor a size function")
}

impl LayoutInit {
    const fn new(kind: LayoutKind) -> Self {
        Self { trace: no_trace, kind, flags: 0, nslots: 0, size: 0, size_fn: no_size, owner: 0, user: [0; 4] }
    }
    /// A fixed-size object without pointers; `size` includes the header.
    pub const fn leaf(size: u32) -> Self {
        Self { size, ..Self::new(LayoutKind::Leaf) }
    }
    /// A header and `nslots` value slots.
    pub const fn slots(nslots: u16) -> Self {
        Self { nslots, size: 8 + 8 * nslots as u32, ..Self::new(LayoutKind::Slots) }
    }
    /// A header, a length and that many value slots.
    pub const fn array() -> Self {
        Self::new(LayoutKind::Array)
    }
    /// A header, a length, that many value slots, and `tail` bytes that hold no values.
    pub const fn array_with_tail(tail: u32) -> Self {
        Self { size: tail, ..Self::new(LayoutKind::Array) }
    }
    /// A header, a length and that many bytes.
    pub const fn bytes() -> Self {
        Self::new(LayoutKind::Bytes)
    }
    /// A fixed-size object with a trace function of its own.
    pub const fn custom(size: u32, trace: unsafe fn(*mut u8, &mut Tracer)) -> Self {
        Self { size, trace, ..Self::new(LayoutKind::Custom) }
    }
    /// A variable-size object with functions of its own.
    pub const fn custom_var(size_fn: unsafe fn(*const u8) -> usize, trace: unsafe fn(*mut u8, &mut Tracer)) -> Self {
        Self { size_fn, trace, ..Self::new(LayoutKind::Custom) }
    }
    pub const fn with_flags(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }
    pub const fn with_owner(mut self, owner: u64) -> Self {
        self.owner = owner;
        self
    }
}

/// How many layouts there can be (64 bytes each of reserved address space).
pub const MAX_LAYOUTS: usize = 1 << 26;

/// One load away for compiled code.
static BASE: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicUsize = AtomicUsize::new(0);
static GROW: Mutex<()> = Mutex::new(());

/// Whether a value word is a heap pointer.
#[inline(always)]
pub const fn is_pointer(word: u64) -> bool {
    word != 0 && word & 7 == 0
}

/// The address of layout 0.
#[inline(always)]
pub fn layout_base() -> usize {
    BASE.load(Ordering::Relaxed)
}

/// The layout of a shape id that [`new_layout`] has returned.
#[inline(always)]
pub fn layout(id: u32) -> &'static Layout {
    debug_assert!((id as usize) < layout_count(), "no such layout: {id}");
    // SAFETY (GC-16): ids come from `new_layout`, records never move or die.
    unsafe { &*((layout_base() + id as usize * 64) as *const Layout) }
}

/// How many layouts exist; ids are below it.
pub fn layout_count() -> usize {
    COUNT.load(Ordering::Acquire)
}

/// Adds a layout. Id 0 is never handed out (it marks a missing header). Needs no
/// heap: may be called before `init`.
pub fn new_layout(init: LayoutInit) -> u32 {
    let _guard = typhon_sync::prim::lock(&GROW);
    if layout_base() == 0 {
        reserve();
    }
    let id = COUNT.load(Ordering::Relaxed).max(1);
    assert!(id < MAX_LAYOUTS, "out of object layouts");
    let record = Layout {
        trace: init.trace,
        kind: init.kind,
        flags: init.flags,
        nslots: init.nslots,
        size: init.size,
        size_fn: init.size_fn,
        owner: AtomicU64::new(init.owner),
        user: init.user.map(AtomicU64::new),
    };
    // SAFETY: inside the reservation, and not visible to anybody before the store
    // to COUNT (whoever gets the id otherwise synchronises with its creator).
    unsafe { ((layout_base() + id * 64) as *mut Layout).write(record) };
    COUNT.store(id + 1, Ordering::Release);
    id as u32
}

fn reserve() {
    let bytes = MAX_LAYOUTS * size_of::<Layout>();
    // SAFETY: a fresh private mapping. NORESERVE: pages are committed when touched,
    // so growing needs no system call.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    assert!(base != libc::MAP_FAILED, "cannot reserve the layout table");
    BASE.store(base as usize, Ordering::Release);
}

/// The shape of an object.
///
/// # Safety
/// `object` is a live object.
#[inline(always)]
pub unsafe fn shape_of(object: *const u8) -> u32 {
    (*(object as *const Header)).shape.load(Ordering::Relaxed)
}

/// An object's length word (kinds Array and Bytes).
#[inline(always)]
unsafe fn length(object: *const u8) -> usize {
    (*(object.add(8) as *const AtomicU64)).load(Ordering::Relaxed) as usize
}

/// The size of an object in bytes, a multiple of eight.
///
/// # Safety
/// `object` is an object whose header has been written (GC-12).
#[inline]
pub unsafe fn object_size(object: *const u8) -> usize {
    let l = layout(shape_of(object));
    let size = match l.kind {
        LayoutKind::Array => 16 + 8 * length(object) + l.size as usize,
        LayoutKind::Bytes => 16 + length(object),
        _ if l.size != 0 => l.size as usize,
        _ => (l.size_fn)(object),
    };
    (size + 7) & !7
}

/// Receives the value slots of an object being traced.
pub struct Tracer<'a> {
    visitor: *mut (),
    visit: unsafe fn(*mut (), *mut u64),
    _borrow: std::marker::PhantomData<&'a mut ()>,
}

impl<'a> Tracer<'a> {
    pub(crate) fn new<F: FnMut(*mut u64)>(visitor: &'a mut F) -> Self {
        unsafe fn call<F: FnMut(*mut u64)>(visitor: *mut (), slot: *mut u64) {
            (*(visitor as *mut F))(slot)
        }
        Self { visitor: std::ptr::from_mut(visitor).cast(), visit: call::<F>, _borrow: std::marker::PhantomData }
    }

    /// Visits one slot; it may hold any value word.
    #[inline]
    pub fn slot(&mut self, slot: *const AtomicU64) {
        // SAFETY: `visitor` is borrowed for as long as `self` lives.
        unsafe { (self.visit)(self.visitor, slot as *mut u64) }
    }

    /// Visits the objects that words in [lo, hi) point to or into (GC-10): a stack that was
    /// left belongs to the object being traced (GC-19).
    ///
    /// # Safety
    /// The range is readable, and nobody runs on the stack.
    pub unsafe fn range(&mut self, lo: usize, hi: usize) {
        // The collector reads slots later than it is told of them.
        let words = crate::scan::words_in(lo, hi);
        for word in words.iter() {
            self.slot(word);
        }
        crate::scan::keep(words);
    }

    /// Visits `n` adjacent slots.
    #[inline]
    pub fn slots(&mut self, first: *const AtomicU64, n: usize) {
        for i in 0..n {
            self.slot(first.wrapping_add(i));
        }
    }
}

/// Visits the strong value slots of an object.
///
/// # Safety
/// `object` is a live object and no mutator runs, or the caller accepts torn views.
#[inline(always)]
pub(crate) unsafe fn trace_object<F: FnMut(*mut u64)>(object: *mut u8, visit: &mut F) {
    let l = layout(shape_of(object));
    if l.flags & (TRACE_OWNER | TRACE_USER0) != 0 {
        if l.flags & TRACE_OWNER != 0 {
            visit(l.owner.as_ptr());
        }
        if l.flags & TRACE_USER0 != 0 {
            visit(l.user[0].as_ptr());
        }
    }
    match l.kind {
        LayoutKind::Leaf | LayoutKind::Bytes => {}
        LayoutKind::Slots => {
            let first = (l.flags & WEAK_REFERENT != 0) as usize;
            for i in first..l.nslots as usize {
                visit(object.add(8 + 8 * i) as *mut u64);
            }
        }
        LayoutKind::Array => {
            for i in 0..length(object) {
                visit(object.add(16 + 8 * i) as *mut u64);
            }
        }
        LayoutKind::Custom => (l.trace)(object, &mut Tracer::new(visit)),
    }
}

/// Replaces a record that no object uses yet.
///
/// # Safety
/// No object of this shape exists and no other thread reads the record.
pub unsafe fn replace_layout(id: u32, init: LayoutInit) {
    let l = layout(id) as *const Layout as *mut Layout;
    (*l).trace = init.trace;
    (*l).kind = init.kind;
    (*l).flags = init.flags;
    (*l).nslots = init.nslots;
    (*l).size = init.size;
    (*l).size_fn = init.size_fn;
}
