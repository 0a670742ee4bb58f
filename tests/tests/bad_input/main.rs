//! What the C boundary makes of bad arguments: a status and one log line, and nothing else.

mod collectives;
mod events;
mod fitting;
mod handles;
mod life;
mod numbers;
mod parts;
mod pointers;
mod releases;
mod scene;
