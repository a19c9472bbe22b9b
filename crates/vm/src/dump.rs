//! Python stacks as text on a descriptor, without allocating: for `faulthandler`, in
//! signal handlers too.
//!
//! A thread's own windows may be read at any time; another's only while the world is
//! stopped. Names are read where they are, and anything that is not ASCII is escaped.
//!
//! Tests: CPython test_faulthandler; tests/lang/faulthandler.md.

use crate::code::Code;
use crate::deadlock::{self, Awaited};
use crate::frame::{self, Pc, Window};
use crate::thread::{IDENT, ident};
use crate::{lock, stacks};
use typhon_gc::Stopped;
use typhon_object::str::Str;
use typhon_object::{Cx, Gc, Obj};

/// Frames of a thread that are shown.
const FRAMES: usize = 100;
/// Characters of a name that are shown.
const NAME: usize = 500;

/// A descriptor with a small buffer.
pub struct Out {
    fd: i32,
    buf: [u8; 256],
    len: usize,
}

impl Out {
    /// Writes to `fd`.
    pub fn new(fd: i32) -> Out {
        Out { fd, buf: [0; 256], len: 0 }
    }
    /// Hands over what was written.
    pub fn flush(&mut self) {
        let mut done = 0;
        while done < self.len {
            // Bytes of our own.
            let n = unsafe { libc::write(self.fd, self.buf[done..self.len].as_ptr().cast(), self.len - done) };
            match n {
                1.. => done += n as usize,
                _ if std::io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) => {}
                _ => break,
            }
        }
        self.len = 0;
    }
    fn byte(&mut self, b: u8) {
        if self.len == self.buf.len() {
            self.flush();
        }
        self.buf[self.len] = b;
        self.len += 1;
    }
    /// Text.
    pub fn text(&mut self, s: &str) {
        s.bytes().for_each(|b| self.byte(b));
    }
    fn number(&mut self, mut n: u64, radix: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut i = digits.len();
        while n > 0 || i == digits.len() {
            i -= 1;
            digits[i] = b"0123456789abcdef"[(n % radix) as usize];
            n /= radix;
        }
        let i = i.min(digits.len() - width.min(digits.len()));
        digits[i..].iter().for_each(|b| self.byte(*b));
    }
    fn name(&mut self, s: &Str) {
        for (i, c) in s.chars().enumerate() {
            if i == NAME {
                return self.text("...");
            }
            match c {
                0x20..0x7f => self.byte(c as u8),
                0..0x100 => {
                    self.text("\\x");
                    self.number(c.into(), 16, 2);
                }
                0x100..0x10000 => {
                    self.text("\\u");
                    self.number(c.into(), 16, 4);
                }
                _ => {
                    self.text("\\U");
                    self.number(c.into(), 16, 8);
                }
            }
        }
    }
    fn window(&mut self, w: Window) {
        self.text("  ");
        self.place(w.func().code(), w.pc);
    }
    fn place(&mut self, code: Gc<Code>, pc: Pc) {
        self.text("File \"");
        match code.filename.get() {
            Some(f) => self.name(&f),
            None => self.text("???"),
        }
        self.text("\", line ");
        match code.line_before(pc) {
            Some(line) => self.number(line.into(), 10, 1),
            None => self.text("???"),
        }
        self.text(" in ");
        match code.name.get() {
            Some(f) => self.name(&f),
            None => self.text("???"),
        }
        self.text("\n");
    }
    /// The frames of a thread, innermost first.
    fn frames(&mut self, cx: &Cx) {
        let mut at = frame::current(cx);
        if at.is_none() {
            return self.text("  <no Python frame>\n");
        }
        for _ in 0..FRAMES {
            let Some(w) = at else { return };
            self.window(w);
            at = w.caller();
        }
        if at.is_some() {
            self.text("  ...\n");
        }
    }
}

/// The calling thread's stack, alone. Safe in a signal handler.
pub fn one(out: &mut Out, cx: Option<&Cx>) {
    out.text("Stack (most recent call first):\n");
    match cx {
        Some(cx) => out.frames(cx),
        None => out.text("  <no Python frame>\n"),
    }
}

/// All threads' stacks, the caller's last. The world is stopped meanwhile.
pub fn all(out: &mut Out, cx: &Cx) {
    typhon_gc::stopped(&cx.mutator, |world| threads(out, cx, world));
}

fn threads(out: &mut Out, cx: &Cx, world: &Stopped<'_>) {
    world.mutators(|m| {
        if !world.is_own(m) {
            let other = stacks::context(m);
            out.text("Thread 0x");
            header(out, other.ext[IDENT].get());
            out.frames(other);
            out.text("\n");
        }
    });
    out.text("Current thread 0x");
    header(out, ident());
    out.frames(cx);
}

/// All threads' stacks as [`all`] shows them, and the locks that they hold and wait for, at
/// one moment.
pub fn all_with_locks(out: &mut Out, cx: &Cx) {
    typhon_gc::stopped(&cx.mutator, |world| {
        threads(out, cx, world);
        let mut first = true;
        world.objects(|p| {
            // GC-12: an object, complete up to its header; the world is stopped.
            let o = unsafe { Obj::from_word_unchecked(p as u64) };
            let Some(holder) = lock::holder_of(o).filter(|h| h.ident() != 0) else { return };
            if std::mem::take(&mut first) {
                out.text("\nLocks that are held:\n");
            }
            out.text("  ");
            lock_at(out, p.addr(), holder.ident());
            if let Some((code, pc)) = holder.taken() {
                out.text(", taken in ");
                out.place(code, pc);
            } else {
                out.text("\n");
            }
        });
        first = true;
        deadlock::for_each_waiting(|ident, awaited| {
            if std::mem::take(&mut first) {
                out.text("\nThreads that have waited for a moment:\n");
            }
            out.text("  Thread 0x");
            out.number(ident, 16, 16);
            out.text(" for ");
            match awaited {
                Awaited::Lock(lock, holder) => lock_at(out, lock, holder),
                Awaited::Thread(ended) => {
                    out.text("the end of thread 0x");
                    out.number(ended, 16, 16);
                }
                Awaited::Item => out.text("an item of a queue"),
            }
            out.text("\n");
        });
    });
}

fn lock_at(out: &mut Out, lock: usize, holder: u64) {
    out.text("lock 0x");
    out.number(lock as u64, 16, 1);
    if holder != 0 {
        out.text(" of thread 0x");
        out.number(holder, 16, 16);
    }
}

/// All threads' stacks, for a caller that has none.
pub fn everybody_else(out: &mut Out, cx: &Cx) {
    let mut first = true;
    stacks::all_others(cx, |other| {
        if !std::mem::take(&mut first) {
            out.text("\n");
        }
        out.text("Thread 0x");
        header(out, other.ext[IDENT].get());
        out.frames(other);
    });
}

fn header(out: &mut Out, ident: u64) {
    out.number(ident, 16, 16);
    let mut name = [0u8; 17];
    // The thread exists: it is stopped, or is the caller. The room is what is asked for.
    let found = unsafe { libc::pthread_getname_np(ident as libc::pthread_t, name.as_mut_ptr().cast(), 16) } == 0;
    if found && name[0] != 0 {
        out.text(" [");
        name.iter().take_while(|b| **b != 0).for_each(|b| out.byte(if (32..127).contains(b) { *b } else { b'?' }));
        out.text("]");
    }
    out.text(" (most recent call first):\n");
}
