//! Plug-in kernels: the examples, and libraries that are wrong in each way there is.

mod examples;
mod library;
mod odd;
