//! Every operator on every type against plain references in float64 and 128-bit integers.

mod float;
mod integer;
mod mixed;
mod reference;
mod refusal;
mod run;
