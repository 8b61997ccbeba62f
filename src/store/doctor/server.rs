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
pub(crate) async fn examine(
    connection: &mut Connection,
    node: Option<&Node>,
    wanted: u32,
) -> Vec<Finding> {
    let info: String = match ask(connection, node, command("INFO")).await {
        Ok(info) => info,
        Err(trouble) => return vec![Finding::hidden("server", &trouble)],
    };
    let info = fields(&info);
    let asked = command("CONFIG GET appendfsync");
    let sync: Result<HashMap<String, String>, Trouble> = ask(connection, node, asked).await;
    let sync = sync
        .ok()
        .and_then(|mut settings| settings.remove("appendfsync"));
    vec![
        version(&info),
        role(&info, wanted),
        persistence(&info, sync.as_deref()),
        eviction(&info),
        memory(&info),
    ]
}

pub(crate) type Info<'a> = HashMap<&'a str, &'a str>;

pub(crate) fn fields(info: &str) -> Info<'_> {
    info.lines()
        .filter_map(|line| line.trim_end().split_once(':'))
        .collect()
}

pub(crate) fn number(info: &Info<'_>, field: &str) -> u64 {
    info.get(field)
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

fn version(info: &Info<'_>) -> Finding {
    if let Some(version) = info.get("valkey_version") {
        return Finding::good("version", format!("Valkey {version}"));
    }
    let version = info.get("redis_version").copied().unwrap_or("unknown");
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok())
        .unwrap_or(0);
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

/// A replica that was heard of longer ago, in seconds, lags.
const LAGS: u64 = 5;

/// What a master has of replicas, and whether that is enough for what `wanted` must confirm.
fn role(info: &Info<'_>, wanted: u32) -> Finding {
    if info.get("role") != Some(&"master") {
        return Finding::new(
            "role",
            Level::Bad,
            "a replica, which takes no changes",
            "give the master's address, or redis+sentinel:// or redis+cluster:// so that it is found",
        );
    }
    let written = number(info, "master_repl_offset");
    let (mut online, mut behind, mut lagging) = (0, 0, Vec::new());
    for at in 0.. {
        let Some(replica) = info.get(format!("slave{at}").as_str()) else {
            break;
        };
        let replica: Info<'_> = replica
            .split(',')
            .filter_map(|field| field.split_once('='))
            .collect();
        behind = behind.max(written.saturating_sub(number(&replica, "offset")));
        let says = |field: &str| replica.get(field).copied().unwrap_or_default();
        match says("state") {
            "online" if number(&replica, "lag") <= LAGS => online += 1,
            state => lagging.push(format!("{}:{} ({state})", says("ip"), says("port"))),
        }
    }
    let found = match online {
        0 => "master with no replica".to_owned(),
        _ => format!("master with {online} replicas, at most {behind} bytes behind"),
    };
    if online < u64::from(wanted) {
        return Finding::new(
            "role",
            Level::Bad,
            format!("{found}, while {wanted} must confirm each change"),
            "bring replicas back, or ask for fewer by --confirm-replicas: until then nothing is confirmed",
        );
    }
    if !lagging.is_empty() {
        return Finding::new(
            "role",
            Level::Note,
            format!("{found}; lagging: {}", lagging.join(", ")),
            "look at their machines and links: what they lack falls with the master",
        );
    }
    Finding::good("role", found)
}

fn persistence(info: &Info<'_>, sync: Option<&str>) -> Finding {
    let bad = |found: &str, advice: &str| Finding::new("persistence", Level::Bad, found, advice);
    if info.get("aof_enabled") != Some(&"1") {
        return bad(
            "no append-only file: a crash loses every change since the last snapshot",
            "CONFIG SET appendonly yes, then CONFIG REWRITE",
        );
    }
    if info
        .get("aof_last_write_status")
        .is_some_and(|status| *status != "ok")
    {
        return bad(
            "the append-only file can't be written",
            "make room on the server's disk",
        );
    }
    match sync {
        Some("always") => Finding::good(
            "persistence",
            "each change is on the disk before it is confirmed",
        ),
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
        return Finding::good(
            "eviction",
            "none: a full server refuses changes and keeps what it has",
        );
    }
    let level = if number(info, "maxmemory") > 0 {
        Level::Bad
    } else {
        Level::Note
    };
    let found = format!("{policy}: a full server throws carts or products away");
    Finding::new(
        "eviction",
        level,
        found,
        "CONFIG SET maxmemory-policy noeviction",
    )
}

fn memory(info: &Info<'_>) -> Finding {
    let (used, limit, all) = (
        number(info, "used_memory"),
        number(info, "maxmemory"),
        number(info, "total_system_memory"),
    );
    let mib = |bytes: u64| bytes / (1024 * 1024);
    let (most, what) = if limit > 0 {
        (limit, "its limit")
    } else {
        (all, "the machine's")
    };
    let found = format!("{} MiB of {what} {} MiB", mib(used), mib(most));
    if most > 0 && used.saturating_mul(10) > most.saturating_mul(9) {
        return Finding::new(
            "memory",
            Level::Bad,
            found,
            "give it more memory, or let carts expire sooner",
        );
    }
    Finding::good("memory", found)
}

/// Judges the difference of two clocks, in milliseconds.
pub(crate) fn clock(difference: i128) -> Finding {
    let found = format!("{difference:+} ms to this machine's");
    match difference.unsigned_abs() {
        CLOCK_BAD.. => Finding::new(
            "clock",
            Level::Bad,
            found,
            "set both clocks by NTP: times and countdowns are wrong",
        ),
        CLOCK_NOTE.. => Finding::new("clock", Level::Note, found, "set both clocks by NTP"),
        _ => Finding::good("clock", found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangers_are_seen() {
        let judge = |info: &str, sync: Option<&str>| {
            let info = fields(info);
            [
                version(&info),
                role(&info, 0),
                persistence(&info, sync),
                eviction(&info),
                memory(&info),
            ]
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
        let replicas = |second: &str, wanted| {
            let first = "role:master\r\nmaster_repl_offset:90\r\nslave0:ip=a,port=1,state=online,offset=80,lag=0";
            let found = role(
                &fields(&format!("{first}\r\nslave1:ip=b,port=2,{second}")),
                wanted,
            );
            (found.level, found.found)
        };
        assert_eq!(
            replicas("state=online,offset=90,lag=1", 2),
            (
                Level::Good,
                "master with 2 replicas, at most 10 bytes behind".to_owned()
            )
        );
        let (level, found) = replicas("state=wait_bgsave,offset=0,lag=0", 1);
        assert!(
            level == Level::Note && found.contains("b:2 (wait_bgsave)"),
            "{found}"
        );
        assert_eq!(replicas("state=online,offset=0,lag=60", 2).0, Level::Bad);
    }
}
