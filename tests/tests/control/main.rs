//! Control of a program from outside and from inside, while it runs.

mod c_interface;
mod page;
mod plan;
mod queues;
mod socket;
mod steered;
