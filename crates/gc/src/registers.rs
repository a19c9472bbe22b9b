//! Saving the callee-saved registers where a stack scan finds them. The only
//! assembly of this crate.

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
