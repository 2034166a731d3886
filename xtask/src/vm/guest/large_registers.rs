//! A library that is loaded into user-mode-linux (`LD_PRELOAD`) on processors with a larger register state than it knows.
//!
//! User-mode-linux keeps the floating-point registers of its processes in a buffer of fixed size and writes them back with
//! `PTRACE_SETREGSET`. Linux refuses a buffer that is smaller than the processor's whole state (EFAULT), and a processor with
//! AMX has 8 KiB more than the buffer: then the guest dies at its first process. This library completes a short buffer
//! with what the process has in the rest. rustc compiles this file by itself; it is no module of this program.

use std::ffi::{c_int, c_long, c_void};

/// `struct iovec`.
#[repr(C)]
#[derive(Clone, Copy)]
struct IoVec {
    base: *mut c_void,
    len: usize,
}

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const i8) -> *mut c_void;
}

type Ptrace = unsafe extern "C" fn(c_long, c_long, *mut c_void, *mut c_void) -> c_long;

/// Room for any state. The guest has one processor, so this is used by one at a time; the stack is the guest kernel's own
/// and too small.
static mut WHOLE: [u64; 4096] = [0; 4096];

const RTLD_NEXT: *mut c_void = -1_isize as *mut c_void;
const PTRACE_GETREGSET: c_int = 0x4204;
const PTRACE_SETREGSET: c_int = 0x4205;
const NT_X86_XSTATE: usize = 0x202;

/// # Safety
/// As ptrace(2). It is variadic there; on x86-64 four words are passed alike.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ptrace(request: c_long, pid: c_long, address: *mut c_void, data: *mut c_void) -> c_long {
    // SAFETY: the C library has this function with this name.
    let next: Ptrace = unsafe { std::mem::transmute(dlsym(RTLD_NEXT, c"ptrace".as_ptr())) };
    if request as c_int != PTRACE_SETREGSET || address as usize != NT_X86_XSTATE {
        // SAFETY: the caller's promise.
        return unsafe { next(request, pid, address, data) };
    }
    let mut all = IoVec { base: (&raw mut WHOLE).cast(), len: size_of::<[u64; 4096]>() };
    // SAFETY: `data` is an iovec for this request; `all` is one with room for any state.
    unsafe {
        let given = *data.cast::<IoVec>();
        let read = next(PTRACE_GETREGSET.into(), pid, address, (&raw mut all).cast());
        if read < 0 || given.len >= all.len {
            return next(request, pid, address, data);
        }
        std::ptr::copy_nonoverlapping(given.base.cast::<u8>(), all.base.cast::<u8>(), given.len);
        next(request, pid, address, (&raw mut all).cast())
    }
}
