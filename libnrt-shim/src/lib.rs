//! t
#[unsafe(no_mangle)]
pub extern "C" fn nrta_x() -> u32 { 3 }
#[unsafe(no_mangle)]
pub extern "C" fn __nrta_x_v2() -> u32 { 2 }
core::arch::global_asm!(".symver nrta_x, nrta_x@@NRT_3.0.0", ".symver __nrta_x_v2, nrta_x@NRT_2.0.0");
pub mod a { 
#[unsafe(no_mangle)]
pub extern "C" fn nrt_y() -> u32 { 3 }
core::arch::global_asm!(".symver nrt_y, nrt_y@@NRT_2.0.0");
}
