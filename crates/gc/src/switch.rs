//! Stacks that no thread owns, and going from one native stack to another.
//!
//! A [`Stack`] is one region of memory for two stacks: a value stack that grows upwards
//! from its lower end and a native stack that grows downwards from its upper end, with a
//! page between them that nobody may touch. Regions are carved out of large mappings,
//! because the system allows a process only some 65,000 mappings, and are never
//! unmapped: one that is given back keeps its address space and, beyond the first few,
//! loses its pages.
//!
//! What stands on a stack that was left is seen by the collector only through the object
//! that it belongs to, whose trace function calls [`Tracer::range`](crate::Tracer::range).
//!
//! GC-19: between [`Mutator::set_stacks`](crate::Mutator::set_stacks) and the switch that
//! it announces a thread reaches no safepoint.
//!
//! Tests: `tests/stacks.rs`; tests/lang/greenlet.md, tests/stress/greenlet_race.py.

use std::sync::Mutex;
use typhon_sync::prim::lock;

/// Bytes of a region.
pub const STACK_BYTES: usize = 1 << 20;
/// Bytes of it that are the value stack.
pub const STACK_VALUES: usize = 384 << 10;
const PAGE: usize = 4096;
/// Regions in one mapping.
const PER_ARENA: usize = 64;
/// Unused regions that keep their pages.
const WARM: usize = 256;
/// Regions that get a guard page of the old kind, which costs two mappings, where the
/// system does not know the new kind.
const OLD_GUARDS: usize = 4096;
/// Since Linux 6.13: pages that fault, without a mapping of their own.
const MADV_GUARD_INSTALL: i32 = 102;

/// A region for two stacks; [`Stack::give_back`] ends it.
#[derive(Debug)]
pub struct Stack(usize);

struct Pool {
    /// The last ones are the warm ones.
    free: Vec<usize>,
    cold: Vec<usize>,
    made: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { free: Vec::new(), cold: Vec::new(), made: 0 });

impl Stack {
    /// A region, or none if there is no address space.
    pub fn take() -> Option<Stack> {
        let mut pool = lock(&POOL);
        if let Some(at) = pool.free.pop().or_else(|| pool.cold.pop()) {
            return Some(Stack(at));
        }
        let bytes = STACK_BYTES * PER_ARENA;
        // SAFETY: a fresh private mapping; its pages are committed when touched.
        let arena = unsafe {
            let arena = libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            );
            if arena == libc::MAP_FAILED {
                return None;
            }
            // A huge page for each stack would be all of it.
            libc::madvise(arena, bytes, libc::MADV_NOHUGEPAGE);
            arena as usize
        };
        for i in (0..PER_ARENA).rev() {
            let at = arena + i * STACK_BYTES;
            guard(at + STACK_VALUES, pool.made);
            pool.made += 1;
            pool.cold.push(at);
        }
        pool.cold.pop().map(Stack)
    }

    /// Nothing on the stacks is used any more.
    pub fn give_back(self) {
        let mut pool = lock(&POOL);
        if pool.free.len() < WARM {
            pool.free.push(self.0);
            return;
        }
        // SAFETY: the region is ours. Its pages read as zero from now on; the guard stays.
        unsafe { libc::madvise(self.0 as *mut libc::c_void, STACK_BYTES, libc::MADV_DONTNEED) };
        pool.cold.push(self.0);
    }

    /// The region at this address, which [`Stack::address`] gave before.
    ///
    /// # Safety
    /// It was not given back since, and there is no other `Stack` for it.
    pub unsafe fn from_address(at: usize) -> Stack {
        Stack(at)
    }

    /// Where it begins: the lower end of the value stack.
    pub fn address(&self) -> usize {
        self.0
    }
    /// The upper end of the value stack.
    pub fn values_end(&self) -> usize {
        self.0 + STACK_VALUES
    }
    /// The lower end of the native stack.
    pub fn native_low(&self) -> usize {
        self.0 + STACK_VALUES + PAGE
    }
    /// The upper end of the native stack.
    pub fn native_high(&self) -> usize {
        self.0 + STACK_BYTES
    }

    /// Prepare the native stack: the first [`switch`] to what this returns calls
    /// `entry(arg)`, which must not return.
    ///
    /// # Safety
    /// Nobody runs on the stack.
    pub unsafe fn prepare(&self, entry: unsafe extern "C" fn(usize) -> !, arg: usize) -> usize {
        // SAFETY: within the region.
        unsafe { prepare(self.native_high(), entry as usize, arg) }
    }
}

/// Make the page at `at` fault. Without it an overflow of the native stack, which the
/// runtime checks for, would meet the value stack's unused end.
fn guard(at: usize, made: usize) {
    // SAFETY: a page of ours that nobody uses.
    unsafe {
        let page = at as *mut libc::c_void;
        if libc::madvise(page, PAGE, MADV_GUARD_INSTALL) != 0 && made < OLD_GUARDS {
            libc::mprotect(page, PAGE, libc::PROT_NONE);
        }
    }
}

/// Words that [`switch`] leaves on a stack, the return address included.
#[cfg(target_arch = "x86_64")]
const SAVED: usize = 8;

/// Lay out what `switch` takes off a stack when it goes there first.
///
/// # Safety
/// The words below `high` are free.
#[cfg(target_arch = "x86_64")]
unsafe fn prepare(high: usize, entry: usize, arg: usize) -> usize {
    // Two words above the return address: where a caller's frame would be, so that the
    // stack is aligned as the calling convention has it.
    let sp = (high - 16 - 8 * SAVED) as *mut usize;
    // SAFETY: as above. Control words, r15, r14, r13, r12, rbx, rbp, return address.
    unsafe {
        let mut control = 0usize;
        core::arch::asm!("stmxcsr [{0}]", "fnstcw [{0} + 4]", in(reg) &mut control);
        let words = [control, 0, 0, entry, arg, 0, 0, begin as *const () as usize, 0, 0];
        sp.copy_from_nonoverlapping(words.as_ptr(), words.len());
    }
    sp as usize
}

/// The first code on a new stack: r13 has the function and r12 its argument.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn begin() -> ! {
    core::arch::naked_asm!("mov rdi, r12", "call r13", "ud2")
}

/// Saves what a callee must keep on the running stack, stores the stack pointer in `left`
/// and goes on at `to`, where another `switch` was left or `Stack::prepare` has been.
/// Returns when somebody switches to `left`. `context` may have been changed by then: it is
/// handed over so that the compiler knows.
///
/// # Safety
/// `to` is as said, and used once. Values that the caller holds are in [left, the upper
/// end of the stack); the collector is told (GC-15).
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
pub unsafe extern "C" fn switch(left: *mut usize, to: usize, context: *mut u8) {
    core::arch::naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "stmxcsr [rsp]",
        "fnstcw [rsp + 4]",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "ldmxcsr [rsp]",
        "fldcw [rsp + 4]",
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

/// As above.
///
/// # Safety
/// As above.
#[cfg(target_arch = "aarch64")]
unsafe fn prepare(high: usize, entry: usize, arg: usize) -> usize {
    let sp = (high - 16 - 160) as *mut usize;
    // SAFETY: as above. x29, x30, x19 to x28, d8 to d15.
    unsafe {
        let mut words = [0usize; 20];
        (words[1], words[2], words[3]) = (begin as *const () as usize, arg, entry);
        sp.copy_from_nonoverlapping(words.as_ptr(), words.len());
    }
    sp as usize
}

/// The first code on a new stack: x20 has the function and x19 its argument.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn begin() -> ! {
    core::arch::naked_asm!("mov x0, x19", "blr x20", "brk #1")
}

/// As above.
///
/// # Safety
/// As above.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
pub unsafe extern "C" fn switch(left: *mut usize, to: usize, context: *mut u8) {
    core::arch::naked_asm!(
        "stp x29, x30, [sp, #-160]!",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x9, sp",
        "str x9, [x0]",
        "mov sp, x1",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp d8, d9, [sp, #96]",
        "ldp d10, d11, [sp, #112]",
        "ldp d12, d13, [sp, #128]",
        "ldp d14, d15, [sp, #144]",
        "ldp x29, x30, [sp], #160",
        "ret",
    )
}
