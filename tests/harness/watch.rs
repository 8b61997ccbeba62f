//! A watch of a cart, and what its events lead to.

use super::{Deadline, Running, Server, trolley};
use std::collections::BTreeMap;

/// A `trolley watch --json` of alice's cart.
pub struct Watch {
    program: Running,
    /// The quantities that its events lead to.
    pub lines: BTreeMap<String, u64>,
}

impl Watch {
    /// Starts it, and waits until it is up.
    pub fn start(server: &Server, url: &str) -> Watch {
        let args = ["--redis", url, "--user", "alice", "watch", "--json"];
        let mut watch = Watch {
            program: Running::start(&mut trolley(server.dir(), &args)),
            lines: BTreeMap::new(),
        };
        assert_eq!(watch.next()["event"], "up");
        watch
    }

    /// The next event.
    pub fn next(&mut self) -> serde_json::Value {
        let event = self.program.json();
        if event["event"] == "expired" {
            self.lines.clear();
        }
        for change in event["changes"].as_array().into_iter().flatten() {
            let product = change["product"].as_str().unwrap().to_owned();
            match change["quantity"].as_u64().unwrap() {
                0 => self.lines.remove(&product),
                quantity => self.lines.insert(product, quantity),
            };
        }
        event
    }

    /// Reads events until they lead to these lines.
    pub fn until(&mut self, lines: &BTreeMap<String, u64>) {
        let deadline = Deadline::start();
        while self.lines != *lines {
            deadline.check(&format!("watch has {:?}, not {lines:?}", self.lines));
            self.next();
        }
    }
}
