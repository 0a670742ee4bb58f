//! A network, ready to run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rten::{ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::Layout;
use sim_core::status::Status;
use sim_models::compute::Failure;
use sim_models::onnx_file;

use crate::fitting::{Fitting, Port, fit};
use crate::gaps;
use crate::model::Model;
use crate::stack::with_room;

/// Threads that can be asked for.
const THREADS_MAX: usize = 256;

/// A network that fits a model.
#[derive(Debug)]
pub struct Network {
    network: rten::Model,
    fitting: Fitting,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
    pool: Arc<ThreadPool>,
    operators: usize,
}

impl Network {
    /// Loads the network in the model's data and fits it to the model.
    ///
    /// # Errors
    /// One line: the file is damaged, or needs an operator that the runtime lacks; a tensor does not fit; an option
    /// is wrong.
    pub fn load(model: Model) -> Result<Network, String> {
        if model.data.is_empty() {
            return Err("there is no ONNX file to compute; name one".to_owned());
        }
        let signature = onnx_file::signature(&model.data).map_err(|refusal| refusal.0)?;
        let fitting = fit(&model, &signature)?;
        let operators = gaps::check(&model.data)?;
        let pool = pool(threads(&model.options)?);
        let loaded = with_room(operators, || ModelOptions::with_all_ops().load(model.data));
        let network = loaded.map_err(|error| format!("no thread to load the network: {error}"))?;
        let network = network.map_err(|error| {
            format!(
                "the ONNX runtime cannot load the network: {error}; export it with operators that rten has"
            )
        })?;
        let nodes = |ports: &[Port]| {
            let node = |port: &Port| network.node_id(&port.name).map_err(|error| error.to_string());
            ports.iter().map(node).collect::<Result<Vec<NodeId>, String>>()
        };
        let (inputs, outputs) = (nodes(&fitting.inputs)?, nodes(&fitting.outputs)?);
        Ok(Network { network, fitting, inputs, outputs, pool, operators })
    }

    /// Bytes of each input.
    pub(crate) fn input_sizes(&self) -> impl Iterator<Item = usize> {
        self.fitting.inputs.iter().map(|port| port.size)
    }

    /// Bytes of each output.
    pub(crate) fn output_sizes(&self) -> impl Iterator<Item = usize> {
        self.fitting.outputs.iter().map(|port| port.size)
    }

    /// Computes `outputs` from `inputs`, each as long and in the order as the model has them.
    ///
    /// # Errors
    /// `NRT_EXEC_BAD_INPUT` if an integer does not fit what the runtime computes with, `NRT_RESOURCE` if a long network
    /// finds no thread, else `NRT_FAILURE`: an operator
    /// failed, or an output has another shape or type than the NEFF says, or values that it cannot hold.
    pub fn run(&self, inputs: &[&[u8]], outputs: &mut [&mut [u8]]) -> Result<(), Failure> {
        let mut values: Vec<(NodeId, ValueOrView<'_>)> = Vec::with_capacity(inputs.len());
        for ((port, node), bytes) in self.fitting.inputs.iter().zip(&self.inputs).zip(inputs) {
            let value = port.passage.enter(bytes, &port.shape);
            let value = value.map_err(|what| failure(Status::ExecBadInput, "input", port, &what))?;
            values.push((*node, value.into()));
        }
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let results = with_room(self.operators, || self.network.run(values, &self.outputs, Some(options)));
        let results = results.map_err(|error| Failure {
            status: Status::Resource,
            reason: format!("no thread to run the network: {error}"),
        })?;
        let results = results.map_err(|error| Failure {
            status: Status::Failure,
            reason: format!("the network failed: {error}"),
        })?;
        for ((port, value), bytes) in self.fitting.outputs.iter().zip(results).zip(outputs) {
            leave(port, value, bytes).map_err(|what| failure(Status::Failure, "output", port, &what))?;
        }
        Ok(())
    }
}

fn leave(port: &Port, value: Value, bytes: &mut [u8]) -> Result<(), String> {
    let shape = value.shape().to_vec();
    if shape != port.shape {
        return Err(format!("the network computed the shape {shape:?}, the NEFF has {:?}", port.shape));
    }
    port.passage.leave(value, bytes)
}

fn failure(status: Status, side: &str, port: &Port, what: &str) -> Failure {
    Failure { status, reason: format!("{side} {:?}: {what}", port.name) }
}

/// How many threads the options ask for: as many as there are CPUs if they do not say.
fn threads(options: &BTreeMap<String, String>) -> Result<usize, String> {
    let Some(text) = options.get("threads") else {
        return Ok(thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX));
    };
    let threads = text.parse().ok().filter(|threads| (1..=THREADS_MAX).contains(threads));
    threads.ok_or_else(|| format!("threads is {text:?}; it must be a number from 1 to {THREADS_MAX}"))
}

/// The pool of so many threads, which all networks share that ask for as many. Pools stay until the process ends.
fn pool(threads: usize) -> Arc<ThreadPool> {
    static POOLS: Mutex<BTreeMap<usize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(pools.entry(threads).or_insert_with(|| Arc::new(ThreadPool::with_num_threads(threads))))
}
