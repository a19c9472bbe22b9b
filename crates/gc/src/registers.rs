//! Saving the callee-saved registers where a stack scan finds them. The only
//! assembly of this crate.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A place in a thread's native stack: a frame that keeps no values of its own, below
/// which, at the time of a collection that says so, there are none either.
#[derive(Default)]
#[repr(C)]
pub struct FrameMark {
    /// The stack pointer of that frame; 0: none.
    sp: AtomicUsize,
    /// Two callee-saved registers of its callers, which assembly may not have saved by
    /// its frame.
    registers: [AtomicUsize; 2],
}

impl FrameMark {
    /// Marks the frame that this is inlined into. All callee-saved registers are either in
    /// it, since they are said to be overwritten here, or in the mark (GC-2).
    ///
    /// # Safety
    /// The frame is left by returning, and its caller then puts the former mark back.
    #[inline(always)]
    pub unsafe fn set(&self) {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!(
            "mov [{mark}], rsp",
            "mov [{mark} + 8], rbx",
            "mov [{mark} + 16], rbp",
            mark = in(reg) self,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
            options(nostack, preserves_flags),
        );
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!(
            "mov {t}, sp",
            "str {t}, [{mark}]",
            "stp x19, x29, [{mark}, #8]",
            mark = in(reg) self,
            t = out(reg) _,
            out("x20") _, out("x21") _, out("x22") _, out("x23") _, out("x24") _,
            out("x25") _, out("x26") _, out("x27") _, out("x28") _,
            options(nostack, preserves_flags),
        );
    }

    /// The words, to be kept in the frame of the caller of a frame that sets the mark.
    pub fn save(&self) -> [usize; 3] {
        [&self.sp, &self.registers[0], &self.registers[1]].map(|word| word.load(Ordering::Relaxed))
    }

    /// Puts back what [`FrameMark::save`] gave.
    pub fn restore(&self, words: [usize; 3]) {
        self.sp.store(words[0], Ordering::Relaxed);
        self.registers[0].store(words[1], Ordering::Relaxed);
        self.registers[1].store(words[2], Ordering::Relaxed);
    }

    /// The marked frame's stack pointer.
    pub(crate) fn sp(&self) -> usize {
        self.sp.load(Ordering::Relaxed)
    }

    /// The registers' words: [lo, hi).
    pub(crate) fn registers(&self) -> (usize, usize) {
        let range = self.registers.as_ptr_range();
        (range.start.addr(), range.end.addr())
    }
}

/// Pushes all callee-saved registers, calls `f(arg, sp)`, returns. While `f` runs, every
/// value that callers hold is in [sp, stack_hi) (GC-2).
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub unsafe extern "C" fn with_saved_registers(f: unsafe extern "C" fn(*mut u8, usize), arg: *mut u8) {
    core::arch::naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rsp",
        "call rax",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// As above. d8-d15 can hold no pointers that are used as such, so they stay.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub unsafe extern "C" fn with_saved_registers(f: unsafe extern "C" fn(*mut u8, usize), arg: *mut u8) {
    core::arch::naked_asm!(
        "stp x29, x30, [sp, #-96]!",
        "mov x29, sp",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "mov x9, x0",
        "mov x0, x1",
        "mov x1, sp",
        "blr x9",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp x29, x30, [sp], #96",
        "ret",
    )
}

/// Runs `f(sp)` with the registers saved.
#[inline]
pub fn with_stack<R, F: FnOnce(usize) -> R>(f: F) -> R {
    struct Call<R, F> {
        f: Option<F>,
        result: Option<R>,
    }
    unsafe extern "C" fn run<R, F: FnOnce(usize) -> R>(arg: *mut u8, sp: usize) {
        let call = &mut *(arg as *mut Call<R, F>);
        if let Some(f) = call.f.take() {
            call.result = Some(f(sp));
        }
    }
    let mut call = Call { f: Some(f), result: None };
    // SAFETY: `run` gets the address of a live `Call` of its own type.
    unsafe { with_saved_registers(run::<R, F>, std::ptr::from_mut(&mut call).cast()) };
    call.result.expect("the call has returned")
}
