//! Examines one server: version, role, persistence, eviction, memory, clock.

use super::{Finding, Level, ask};
use crate::store::connection::Connection;
use crate::store::connection::nodes::Target;
use crate::store::error::Trouble;
use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The oldest version that trolley is tested with.
const OLDEST: u32 = 7;
/// A replica that was last heard of longer ago than this, in seconds, lags.
const LAG: u64 = 5;
/// A clock that differs by more than this, in milliseconds, is noted.
const CLOCK_NOTE: u128 = 2_000;
/// A clock that differs by more than this, in milliseconds, is wrong.
const CLOCK_BAD: u128 = 60_000;

/// The answer to INFO, by field.
pub(super) type Info<'a> = HashMap<&'a str, &'a str>;

pub(super) fn parse_info(info: &str) -> Info<'_> {
    info.lines()
        .filter_map(|line| line.trim_end().split_once(':'))
        .collect()
}

/// A number of INFO; 0 where it is missing.
pub(super) fn number(info: &Info<'_>, field: &str) -> u64 {
    info.get(field)
        .and_then(|value| value.parse().ok())
        .unwrap_or(0)
}

/// Examines one server, whose changes `confirm_replicas` replicas must confirm.
pub(super) async fn examine(
    connection: &mut Connection,
    target: &Target,
    confirm_replicas: u32,
) -> Vec<Finding> {
    let info: String = match ask(connection, target, "INFO").await {
        Ok(info) => info,
        Err(trouble) => return vec![Finding::hidden("server", &trouble)],
    };
    let info = parse_info(&info);

    let settings: Result<HashMap<String, String>, Trouble> =
        ask(connection, target, "CONFIG GET appendfsync").await;
    let fsync = settings
        .ok()
        .and_then(|mut settings| settings.remove("appendfsync"));

    vec![
        judge_version(&info),
        judge_role(&info, confirm_replicas),
        judge_persistence(&info, fsync.as_deref()),
        judge_eviction(&info),
        judge_memory(&info),
    ]
}

fn judge_version(info: &Info<'_>) -> Finding {
    if let Some(version) = info.get("valkey_version") {
        return Finding::good("version", format!("Valkey {version}"));
    }

    let version = info.get("redis_version").copied().unwrap_or("unknown");
    let major = version.split('.').next();
    let major: u32 = major.and_then(|major| major.parse().ok()).unwrap_or(0);
    if major >= OLDEST {
        return Finding::good("version", format!("Redis {version}"));
    }
    Finding::bad(
        "version",
        format!("Redis {version}"),
        "trolley is made for Redis 7.0 or newer, and Valkey",
    )
}

/// Judges whether the server is a master, with replicas enough to confirm changes.
fn judge_role(info: &Info<'_>, confirm_replicas: u32) -> Finding {
    if info.get("role") != Some(&"master") {
        return Finding::bad(
            "role",
            "a replica, which takes no changes",
            "give the master's address, or redis+sentinel:// or redis+cluster:// so that it is found",
        );
    }

    let replicas = Replicas::decode(info);
    let found = match replicas.online {
        0 => "master with no replica".to_owned(),
        online => format!(
            "master with {online} replicas, at most {} bytes behind",
            replicas.behind
        ),
    };

    if replicas.online < u64::from(confirm_replicas) {
        return Finding::bad(
            "role",
            format!("{found}, while {confirm_replicas} must confirm each change"),
            "bring replicas back, or ask for fewer by --confirm-replicas: until then nothing is confirmed",
        );
    }
    if confirm_replicas > 0 && replicas.online > u64::from(confirm_replicas) {
        return Finding::note(
            "role",
            format!("{found}, while only {confirm_replicas} must confirm each change"),
            format!(
                "set --confirm-replicas {}: else one that lacks a confirmed change may become the master",
                replicas.online
            ),
        );
    }
    if !replicas.lagging.is_empty() {
        return Finding::note(
            "role",
            format!("{found}; lagging: {}", replicas.lagging.join(", ")),
            "look at their machines and links: what they lack is lost if the master fails",
        );
    }
    Finding::good("role", found)
}

/// The replicas of a master.
#[derive(Debug, Default)]
struct Replicas {
    online: u64,
    /// The most bytes that any of them lacks.
    behind: u64,
    /// The replicas that are not online, or not heard of for long, with their state.
    lagging: Vec<String>,
}

impl Replicas {
    fn decode(info: &Info<'_>) -> Replicas {
        let written = number(info, "master_repl_offset");
        let mut replicas = Replicas::default();

        for index in 0.. {
            let Some(line) = info.get(format!("slave{index}").as_str()) else {
                break;
            };
            let replica: Info<'_> = line
                .split(',')
                .filter_map(|field| field.split_once('='))
                .collect();

            let behind = written.saturating_sub(number(&replica, "offset"));
            replicas.behind = replicas.behind.max(behind);

            match replica.get("state").copied().unwrap_or_default() {
                "online" if number(&replica, "lag") <= LAG => replicas.online += 1,
                state => {
                    let ip = replica.get("ip").copied().unwrap_or_default();
                    let port = replica.get("port").copied().unwrap_or_default();
                    replicas.lagging.push(format!("{ip}:{port} ({state})"));
                }
            }
        }
        replicas
    }
}

/// Judges what a crash would lose. `fsync` is how often the append-only file is synced, if known.
fn judge_persistence(info: &Info<'_>, fsync: Option<&str>) -> Finding {
    if info.get("aof_enabled") != Some(&"1") {
        return Finding::bad(
            "persistence",
            "no append-only file: a crash loses every change since the last snapshot",
            "CONFIG SET appendonly yes, then CONFIG REWRITE",
        );
    }
    if info
        .get("aof_last_write_status")
        .is_some_and(|status| *status != "ok")
    {
        return Finding::bad(
            "persistence",
            "the append-only file can't be written",
            "make room on the server's disk",
        );
    }

    match fsync {
        Some("always") => Finding::good(
            "persistence",
            "each change is on the disk before it is confirmed",
        ),
        Some("everysec") => Finding::note(
            "persistence",
            "a crash may lose the last second",
            "CONFIG SET appendfsync always, where no confirmed change may be lost",
        ),
        Some(_) => Finding::bad(
            "persistence",
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

fn judge_eviction(info: &Info<'_>) -> Finding {
    let policy = info.get("maxmemory_policy").copied().unwrap_or("unknown");
    if policy == "noeviction" {
        return Finding::good(
            "eviction",
            "none: a full server refuses changes and keeps what it has",
        );
    }

    // Without a limit the server is never full.
    let level = if number(info, "maxmemory") > 0 {
        Level::Bad
    } else {
        Level::Note
    };
    Finding::new(
        "eviction",
        level,
        format!("{policy}: a full server throws carts or products away"),
        "CONFIG SET maxmemory-policy noeviction",
    )
}

fn judge_memory(info: &Info<'_>) -> Finding {
    const MIB: u64 = 1024 * 1024;
    let used = number(info, "used_memory");
    let limit = number(info, "maxmemory");
    let (most, whose) = if limit > 0 {
        (limit, "its limit")
    } else {
        (number(info, "total_system_memory"), "the machine's")
    };

    let found = format!("{} MiB of {whose} {} MiB", used / MIB, most / MIB);
    let is_tight = most > 0 && used.saturating_mul(10) > most.saturating_mul(9);
    if is_tight {
        return Finding::bad(
            "memory",
            found,
            "give it more memory, or let carts expire sooner",
        );
    }
    Finding::good("memory", found)
}

/// Examines the difference between a server's clock and this machine's.
pub(super) async fn examine_clock(connection: &mut Connection, target: &Target) -> Finding {
    let asked = Instant::now();
    let time: Result<(i128, i128), _> = ask(connection, target, "TIME").await;
    let (seconds, micros) = match time {
        Ok(time) => time,
        Err(trouble) => return Finding::hidden("clock", &trouble),
    };
    let travel = asked.elapsed().as_millis() / 2;

    let ours = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let theirs = seconds * 1000 + micros / 1000 + i128::try_from(travel).unwrap_or_default();
    judge_clock(theirs - i128::try_from(ours).unwrap_or_default())
}

/// Judges the difference of two clocks, in milliseconds.
fn judge_clock(difference: i128) -> Finding {
    let found = format!("{difference:+} ms to this machine's");
    match difference.unsigned_abs() {
        CLOCK_BAD.. => Finding::bad(
            "clock",
            found,
            "set both clocks by NTP: times and countdowns are wrong",
        ),
        CLOCK_NOTE.. => Finding::note("clock", found, "set both clocks by NTP"),
        _ => Finding::good("clock", found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(info: &str, fsync: Option<&str>) -> [Level; 5] {
        let info = parse_info(info);
        [
            judge_version(&info),
            judge_role(&info, 0),
            judge_persistence(&info, fsync),
            judge_eviction(&info),
            judge_memory(&info),
        ]
        .map(|finding| finding.level)
    }

    #[test]
    fn dangers_are_seen() {
        let good = "redis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\naof_last_write_status:ok\r\n\
                    maxmemory_policy:noeviction\r\nused_memory:10\r\nmaxmemory:100\r\n";
        assert_eq!(levels(good, Some("always")), [Level::Good; 5]);
        let bad = "redis_version:5.0.1\r\nrole:slave\r\naof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\n\
                   used_memory:95\r\nmaxmemory:100\r\n";
        assert_eq!(levels(bad, None), [Level::Bad; 5]);
        assert_eq!(levels("", None)[0], Level::Bad);
        assert_eq!(levels(good, Some("everysec"))[2], Level::Note);
    }

    #[test]
    fn clocks_are_compared() {
        assert_eq!(
            [12, -3_000, 90_000].map(|difference| judge_clock(difference).level),
            [Level::Good, Level::Note, Level::Bad]
        );
    }

    #[test]
    fn replicas_are_counted() {
        fn with_second(second: &str, confirm_replicas: u32) -> (Level, String) {
            let info = format!(
                "role:master\r\nmaster_repl_offset:90\r\n\
                 slave0:ip=a,port=1,state=online,offset=80,lag=0\r\n\
                 slave1:ip=b,port=2,{second}"
            );
            let finding = judge_role(&parse_info(&info), confirm_replicas);
            (finding.level, finding.found)
        }

        assert_eq!(
            with_second("state=online,offset=90,lag=1", 2),
            (
                Level::Good,
                "master with 2 replicas, at most 10 bytes behind".to_owned()
            )
        );
        // The other one may lack a confirmed change, and become the master.
        let (level, found) = with_second("state=online,offset=90,lag=1", 1);
        assert_eq!(level, Level::Note);
        assert!(found.contains("only 1 must confirm"), "{found}");
        assert_eq!(
            with_second("state=online,offset=90,lag=1", 0).0,
            Level::Good
        );

        let (level, found) = with_second("state=wait_bgsave,offset=0,lag=0", 1);
        assert_eq!(level, Level::Note);
        assert!(found.contains("b:2 (wait_bgsave)"), "{found}");
        assert_eq!(with_second("state=online,offset=0,lag=60", 2).0, Level::Bad);
    }
}
