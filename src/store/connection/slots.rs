//! The slots of a cluster: which slot a key or a command has, and which node has that slot.

use crate::store::connection::nodes::Node;
use redis::{Arg, Cmd, Value};

/// The slots of a cluster.
const SLOTS: u16 = 16_384;

/// The slot of a key. Keys with the same text in braces share a slot.
pub(crate) fn slot_of_key(key: &[u8]) -> u16 {
    crc16(hash_tag(key).unwrap_or(key)) % SLOTS
}

/// The text between the first brace and the next closing one, unless it is empty.
fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|byte| *byte == b'{')?;
    let rest = &key[open + 1..];
    let close = rest.iter().position(|byte| *byte == b'}')?;
    (close > 0).then_some(&rest[..close])
}

/// CRC-16/XMODEM, by which the servers spread their keys.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |mut crc, byte| {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            let carry = crc & 0x8000 != 0;
            crc <<= 1;
            if carry {
                crc ^= 0x1021;
            }
        }
        crc
    })
}

/// The slot of the first key of a command; `None` for a command that any node may answer.
pub(crate) fn slot_of_command(command: &Cmd) -> Option<u16> {
    let name = argument(command, 0)?.to_ascii_uppercase();
    let key = match &name[..] {
        b"ACL" | b"CLIENT" | b"CLUSTER" | b"COMMAND" | b"CONFIG" | b"DBSIZE" | b"HELLO"
        | b"INFO" | b"PING" | b"PUBLISH" | b"PUBSUB" | b"SCAN" | b"SCRIPT" | b"TIME" | b"WAIT" => {
            return None;
        }
        // Script, number of keys, keys.
        b"EVAL" | b"EVALSHA" => 3,
        b"MEMORY" | b"OBJECT" | b"XGROUP" | b"XINFO" => 2,
        b"XREAD" | b"XREADGROUP" => 1 + position(command, b"STREAMS")?,
        _ => 1,
    };
    argument(command, key).map(slot_of_key)
}

/// The argument of a command at this index; the command's name has 0.
pub(crate) fn argument(command: &Cmd, index: usize) -> Option<&[u8]> {
    match command.args_iter().nth(index)? {
        Arg::Simple(argument) => Some(argument),
        _ => None,
    }
}

fn position(command: &Cmd, word: &[u8]) -> Option<usize> {
    command
        .args_iter()
        .position(|argument| matches!(argument, Arg::Simple(found) if found == word))
}

/// A cluster as one of its nodes sees it: who has which slots.
#[derive(Debug, Clone, Default)]
pub(crate) struct SlotMap {
    /// Ranges of slots, each with its master.
    ranges: Vec<(u16, u16, Node)>,
    /// All nodes, the replicas among them.
    nodes: Vec<Node>,
}

impl SlotMap {
    /// Reads the answer to CLUSTER SLOTS: ranges of slots, each with its master and replicas.
    /// `own_host` is the host of the node that answered, which may not know it itself.
    pub(crate) fn decode(answer: &Value, own_host: &str) -> SlotMap {
        let mut map = SlotMap::default();
        let Value::Array(ranges) = answer else {
            return map;
        };

        for range in ranges {
            let Value::Array(range) = range else { continue };
            let [Value::Int(from), Value::Int(to), nodes @ ..] = &range[..] else {
                continue;
            };

            let nodes: Vec<Option<Node>> = nodes
                .iter()
                .map(|node| decode_node(node, own_host))
                .collect();
            if let (Ok(from), Ok(to), Some(Some(master))) =
                (u16::try_from(*from), u16::try_from(*to), nodes.first())
            {
                map.ranges.push((from, to, master.clone()));
            }
            for node in nodes.into_iter().flatten() {
                if !map.nodes.contains(&node) {
                    map.nodes.push(node);
                }
            }
        }
        map
    }

    /// The master of a slot.
    pub(crate) fn owner(&self, slot: u16) -> Option<&Node> {
        // What was learned last stands last.
        self.ranges
            .iter()
            .rev()
            .find(|(from, to, _)| (*from..=*to).contains(&slot))
            .map(|(_, _, node)| node)
    }

    /// Notes that a slot has moved.
    pub(crate) fn note_owner(&mut self, slot: u16, owner: Node) {
        self.ranges
            .retain(|(from, to, _)| *from != slot || *to != slot);
        self.ranges.push((slot, slot, owner));
    }

    /// The masters, each once.
    pub(crate) fn masters(&self) -> Vec<Node> {
        let mut masters = Vec::new();
        for (_, _, master) in &self.ranges {
            if !masters.contains(master) {
                masters.push(master.clone());
            }
        }
        masters
    }

    /// All nodes.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

fn decode_node(node: &Value, own_host: &str) -> Option<Node> {
    let Value::Array(node) = node else {
        return None;
    };
    let [host, Value::Int(port), ..] = &node[..] else {
        return None;
    };

    // A node that does not know its own host leaves it out. One that is reached by a socket may
    // know neither host nor port of itself.
    let host = match host {
        Value::BulkString(host) if !host.is_empty() => String::from_utf8_lossy(host).into_owned(),
        _ => own_host.to_owned(),
    };
    let port = u16::try_from(*port).ok()?;
    (!host.is_empty() && port > 0).then_some(Node { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_servers() {
        // What CLUSTER KEYSLOT says.
        for (key, slot) in [
            ("123456789", 12_739),
            ("foo", 12_182),
            ("cart:alice", slot_of_key(b"{cart:alice}:meta")),
            ("{}foo", slot_of_key(b"{}foo")),
            ("foo{bar}{zap}", slot_of_key(b"bar")),
            ("foo{{bar}}zap", slot_of_key(b"{bar")),
        ] {
            assert_eq!(slot_of_key(key.as_bytes()), slot, "{key}");
        }
        assert_ne!(slot_of_key(b"{}foo"), slot_of_key(b"foo"));
    }

    #[test]
    fn commands_go_where_their_first_key_is() {
        let slot = Some(slot_of_key(b"k"));
        for (words, expected) in [
            ("HGET k version", slot),
            ("EVALSHA abc 2 k other", slot),
            ("XGROUP CREATE k g $", slot),
            ("XREADGROUP GROUP g c COUNT 1 STREAMS k >", slot),
            ("PUBLISH k message", None),
            ("SCAN 0", None),
        ] {
            let mut command = Cmd::new();
            words.split(' ').for_each(|word| {
                command.arg(word);
            });
            assert_eq!(slot_of_command(&command), expected, "{words}");
        }
    }

    #[test]
    fn a_slot_that_has_moved_is_found() {
        let node = |port| Node {
            host: "h".to_owned(),
            port,
        };
        let answer =
            |port: i64| Value::Array(vec![Value::BulkString(b"h".to_vec()), Value::Int(port)]);
        let range = |from, to, port| {
            Value::Array(vec![
                Value::Int(from),
                Value::Int(to),
                answer(port),
                answer(9),
            ])
        };
        let odd = Value::Array(vec![Value::Int(-5), Value::Int(70_000), Value::Nil]);
        let ranges = Value::Array(vec![range(0, 99, 1), range(100, 199, 2), odd, Value::Nil]);

        let mut map = SlotMap::decode(&ranges, "");
        assert_eq!(map.owner(50), Some(&node(1)));
        assert_eq!(map.owner(200), None);
        assert_eq!(map.masters(), [node(1), node(2)]);
        assert_eq!(map.nodes(), [node(1), node(9), node(2)]);

        map.note_owner(50, node(2));
        map.note_owner(50, node(3));
        assert_eq!(map.owner(50), Some(&node(3)));
        assert_eq!(map.owner(51), Some(&node(1)));
    }
}
