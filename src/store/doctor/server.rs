//! One server: version, role, persistence, eviction, memory, clock.

use super::{Finding, Level, ask, command};
use crate::store::connection::{Connection, Node};
use crate::store::error::Trouble;
use std::collections::HashMap;

/// A clock that differs by more, in milliseconds, is worth a word.
const CLOCK_NOTE: u128 = 2_000;
/// A clock that differs by more, in milliseconds, is wrong.
const CLOCK_BAD: u128 = 60_000;
/// The oldest version that trolley is tested with.
const OLDEST: u32 = 7;

/// Looks at one server.
pub(super) async fn examine(connection: &mut Connection, node: Option<&Node>) -> Vec<Finding> {
    let info: String = match ask(connection, node, command("INFO")).await {
        Ok(info) => info,
        Err(trouble) => return vec![Finding::hidden("server", &trouble)],
    };
    let info = fields(&info);
    let asked = command("CONFIG GET appendfsync");
    let sync: Result<HashMap<String, String>, Trouble> = ask(connection, node, asked).await;
    let sync = sync.ok().and_then(|mut settings| settings.remove("appendfsync"));
    vec![version(&info), role(&info), persistence(&info, sync.as_deref()), eviction(&info), memory(&info)]
}

type Info<'a> = HashMap<&'a str, &'a str>;

fn fields(info: &str) -> Info<'_> {
    info.lines().filter_map(|line| line.trim_end().split_once(':')).collect()
}

fn number(info: &Info<'_>, field: &str) -> u64 {
    info.get(field).and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn version(info: &Info<'_>) -> Finding {
    if let Some(version) = info.get("valkey_version") {
        return Finding::good("version", format!("Valkey {version}"));
    }
    let version = info.get("redis_version").copied().unwrap_or("unknown");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or(0);
    if major >= OLDEST {
        return Finding::good("version", format!("Redis {version}"));
    }
    Finding::new(
        "version",
        Level::Bad,
        format!("Redis {version}"),
        "trolley is made for Redis 7.0 or newer, and Valkey",
    )
}

fn role(info: &Info<'_>) -> Finding {
    match info.get("role").copied() {
        Some("master") => {
            let found = format!("master with {} replicas", number(info, "connected_slaves"));
            Finding::good("role", found)
        }
        _ => Finding::new(
            "role",
            Level::Bad,
            "a replica, which takes no changes",
            "give the master's address, or redis+sentinel:// or redis+cluster:// so that it is found",
        ),
    }
}

fn persistence(info: &Info<'_>, sync: Option<&str>) -> Finding {
    let bad = |found: &str, advice: &str| Finding::new("persistence", Level::Bad, found, advice);
    if info.get("aof_enabled") != Some(&"1") {
        return bad(
            "no append-only file: a crash loses every change since the last snapshot",
            "CONFIG SET appendonly yes, then CONFIG REWRITE",
        );
    }
    if info.get("aof_last_write_status").is_some_and(|status| *status != "ok") {
        return bad("the append-only file can't be written", "make room on the server's disk");
    }
    match sync {
        Some("always") => Finding::good("persistence", "each change is on the disk before it is confirmed"),
        Some("everysec") => Finding::new(
            "persistence",
            Level::Note,
            "a crash may lose the last second",
            "CONFIG SET appendfsync always, where no confirmed change may be lost",
        ),
        Some(_) => bad(
            "the system decides when changes reach the disk: a crash may lose half a minute",
            "CONFIG SET appendfsync everysec, or always",
        ),
        None => Finding::new(
            "persistence",
            Level::Unknown,
            "append-only file; how often it is synced can't be seen",
            "",
        ),
    }
}

fn eviction(info: &Info<'_>) -> Finding {
    let policy = info.get("maxmemory_policy").copied().unwrap_or("unknown");
    if policy == "noeviction" {
        return Finding::good("eviction", "none: a full server refuses changes and keeps what it has");
    }
    let level = if number(info, "maxmemory") > 0 { Level::Bad } else { Level::Note };
    let found = format!("{policy}: a full server throws carts or products away");
    Finding::new("eviction", level, found, "CONFIG SET maxmemory-policy noeviction")
}

fn memory(info: &Info<'_>) -> Finding {
    let (used, limit, all) =
        (number(info, "used_memory"), number(info, "maxmemory"), number(info, "total_system_memory"));
    let mib = |bytes: u64| bytes / (1024 * 1024);
    let (most, what) = if limit > 0 { (limit, "its limit") } else { (all, "the machine's") };
    let found = format!("{} MiB of {what} {} MiB", mib(used), mib(most));
    if most > 0 && used.saturating_mul(10) > most.saturating_mul(9) {
        return Finding::new("memory", Level::Bad, found, "give it more memory, or let carts expire sooner");
    }
    Finding::good("memory", found)
}

/// Judges the difference of two clocks, in milliseconds.
pub(super) fn clock(difference: i128) -> Finding {
    let found = format!("{difference:+} ms to this machine's");
    match difference.unsigned_abs() {
        CLOCK_BAD.. => {
            Finding::new("clock", Level::Bad, found, "set both clocks by NTP: times and countdowns are wrong")
        }
        CLOCK_NOTE.. => Finding::new("clock", Level::Note, found, "set both clocks by NTP"),
        _ => Finding::good("clock", found),
    }
}

/// Judges what a cluster says of itself.
pub(super) fn cluster(info: &str) -> Finding {
    let info = fields(info);
    let (state, assigned, ok) = (
        info.get("cluster_state").copied().unwrap_or("unknown"),
        number(&info, "cluster_slots_assigned"),
        number(&info, "cluster_slots_ok"),
    );
    let found = format!(
        "{state}: {} masters, {} nodes, {ok} of 16384 slots served",
        number(&info, "cluster_size"),
        number(&info, "cluster_known_nodes")
    );
    if state == "ok" && assigned == 16384 && ok == 16384 {
        return Finding::good("cluster", found);
    }
    Finding::new(
        "cluster",
        Level::Bad,
        found,
        "bring its lost nodes back, or see redis-cli --cluster check and fix",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangers_are_seen() {
        let judge = |info: &str, sync: Option<&str>| {
            let info = fields(info);
            [version(&info), role(&info), persistence(&info, sync), eviction(&info), memory(&info)]
                .map(|f| f.level)
        };
        let good = "redis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\naof_last_write_status:ok\r\n\
                    maxmemory_policy:noeviction\r\nused_memory:10\r\nmaxmemory:100\r\n";
        assert_eq!(judge(good, Some("always")), [Level::Good; 5]);
        let bad = "redis_version:5.0.1\r\nrole:slave\r\naof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\n\
                   used_memory:95\r\nmaxmemory:100\r\n";
        assert_eq!(judge(bad, None), [Level::Bad; 5]);
        assert_eq!(judge("", None)[0], Level::Bad);
        assert_eq!(judge(good, Some("everysec"))[2], Level::Note);
        assert_eq!(
            [clock(12).level, clock(-3_000).level, clock(90_000).level],
            [Level::Good, Level::Note, Level::Bad]
        );
        assert_eq!(cluster("cluster_state:fail\r\ncluster_slots_assigned:16384").level, Level::Bad);
    }
}
