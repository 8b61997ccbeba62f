//! A request to a node, and the consequences of its errors.

use super::super::nodes::Node;
use super::super::raw::ServerConn;
use super::super::slots::{argument, slot_of_command};
use super::only;
use crate::store::error::Trouble;
use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};

/// Something that is asked of a node.
#[derive(Clone, Copy)]
pub(super) enum Request<'a> {
    Command(&'a Cmd),
    /// A command for a slot that is on its way to the node that is asked.
    Asking(&'a Cmd),
    /// Commands that all have keys in the same slot.
    Pipeline {
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    },
}

impl<'a> Request<'a> {
    pub(super) fn slot(self) -> Option<u16> {
        match self {
            Request::Command(command) | Request::Asking(command) => slot_of_command(command),
            Request::Pipeline { pipeline, .. } => {
                pipeline.cmd_iter().next().and_then(slot_of_command)
            }
        }
    }

    pub(super) fn loads_script(self) -> bool {
        match self {
            Request::Command(command) | Request::Asking(command) => {
                argument(command, 0) == Some(b"SCRIPT")
            }
            Request::Pipeline { .. } => false,
        }
    }

    /// The same for a node that a slot is on its way to. Nothing is gained by it for a pipeline:
    /// those hold scripts, which both nodes put off.
    pub(super) fn asking(self) -> Request<'a> {
        match self {
            Request::Command(command) | Request::Asking(command) => Request::Asking(command),
            Request::Pipeline { .. } => self,
        }
    }

    pub(super) async fn send(self, conn: &mut ServerConn) -> RedisResult<Vec<Value>> {
        match self {
            Request::Command(command) => {
                let answer = conn.req_packed_command(command).await?;
                Ok(vec![answer.extract_error()?])
            }
            Request::Asking(command) => {
                let mut pipeline = Pipeline::with_capacity(2);
                pipeline.cmd("ASKING").add_command(command.clone());
                let answers = conn.req_packed_commands(&pipeline, 1, 1).await?;
                Ok(vec![only(answers).extract_error()?])
            }
            Request::Pipeline {
                pipeline,
                offset,
                count,
            } => conn.req_packed_commands(pipeline, offset, count).await,
        }
    }
}

/// The consequence of an error.
pub(super) enum Reaction {
    /// Nothing: whoever asks hears of it.
    Accept,
    /// The slot is on its way, and this node may have the key.
    Ask(Node),
    /// The slot has moved to this node.
    Follow(Node),
    /// The node will do it a little later.
    Wait,
    /// The connection had broken: a new one is needed.
    Reconnect,
    /// The node can't be reached: another one may have taken over.
    Replace,
}

impl Reaction {
    pub(super) fn to(error: &RedisError, asked: &Node) -> Reaction {
        let redirect = || {
            let (node, _slot) = error.redirect_node()?;
            let (host, port) = node.rsplit_once(':')?;
            // Without a host it is the one of the node that says so.
            let host = if host.is_empty() { &asked.host } else { host };
            Some(Node {
                host: host.to_owned(),
                port: port.parse().ok()?,
            })
        };

        match error.code() {
            Some("MOVED") => redirect().map_or(Reaction::Accept, Reaction::Follow),
            Some("ASK") => redirect().map_or(Reaction::Accept, Reaction::Ask),
            Some("TRYAGAIN" | "CLUSTERDOWN" | "MASTERDOWN" | "READONLY") => Reaction::Wait,
            _ => match Trouble::from(error) {
                Trouble::At { trouble, .. } if *trouble == Trouble::Lost => Reaction::Reconnect,
                Trouble::At { .. } | Trouble::Loading => Reaction::Replace,
                _ => Reaction::Accept,
            },
        }
    }
}
