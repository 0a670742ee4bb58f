//! Networks through the plug-in, as the simulator calls it.

mod boundary;
mod chains;
mod damage;
mod fitting;
mod same;
mod scene;
