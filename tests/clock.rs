//! Times as the shop tells them: in its zone, whatever the computer's is, and with the hours that
//! the person or the shop chose.

use crate::harness;

use harness::order_screens::{list, orders};
use harness::screens::TestScreen;
use harness::watch::Watch;
use harness::{
    Finish, Plain, Running, Server, TROLLEY, Terminal, command, document, ok, ok_as, run, trolley,
    zone_at,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::process::Command;
use trolley::model::time::{Clock, Hours};
use trolley::store::{NamedHours, NamedZone, Shop};
use trolley::tui::message::Message;

/// The zone of the computers at which people look at the shop. Its half hour tells it from a zone
/// of whole hours at any time.
const HERE: &str = "America/St_Johns";

/// The clock of a zone.
fn clock(zone: &str, hours: Hours) -> Clock {
    let zone = TimeZone::get(zone).unwrap();
    Clock { zone, hours }
}

/// A server whose shop is in Berlin.
fn shop_in_berlin() -> Server {
    let server = Server::with_demo();
    ok(&server, &["shop", "time_zone=Europe/Berlin"]);
    server
}

/// A command of ann's, who sits in St. John's.
fn here(server: &Server, args: &[&str]) -> Command {
    let whose = ["--redis", server.url(), "--cart", "office", "--name", "ann"];
    let mut command = trolley(server.dir(), &[&whose[..], args].concat());
    command.env("TZ", HERE);
    command
}

/// Runs a command of ann's that must succeed; returns what it prints.
fn told(server: &Server, args: &[&str]) -> String {
    let output = here(server, args).finish();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// An order of ann's, and when it was placed.
fn ordered(server: &Server) -> (String, u64) {
    ok_as(server, "office", "ann", &["add", "espresso", "2"]);
    let ann = ["--cart", "office", "--name", "ann"];
    let order = document(server, &[&ann[..], &["checkout", "--yes"]].concat());
    let id = order["order"].as_str().unwrap().to_owned();
    (id, order["at"].as_u64().unwrap())
}

/// The program in a terminal of somebody in St. John's.
fn open(server: &Server, args: &[&str], size: (u16, u16)) -> Terminal {
    open_in(HERE, server, args, size)
}

/// The program in a terminal of somebody in this zone.
fn open_in(zone: &str, server: &Server, args: &[&str], size: (u16, u16)) -> Terminal {
    let terminal = Terminal::builder(TROLLEY)
        .args(&[&["--redis", server.url()][..], args].concat())
        .home(server.dir())
        .env("TZ", zone)
        .size(size.0, size.1)
        .open();
    terminal.wait("● live");
    terminal
}

/// Waits until a terminal shows the present minute by this clock.
fn wait_for_present(terminal: &Terminal, clock: &Clock) {
    terminal.wait_until("the present minute", |screen| {
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap();
        screen.contents().contains(&clock.minute(now))
    });
}

#[test]
fn screens_tell_times_by_the_shops_clock_and_follow_it() {
    // Only an order of today has its minute in the list: in none of these zones does the day end.
    let [shops, others, ours] = [9, 12, 15].map(zone_at);
    let server = Server::with_demo();
    ok(&server, &["shop", &format!("time_zone={shops}")]);
    let (order, at) = ordered(&server);
    let args = ["--cart", "office", "--name", "ann"];
    let mut ann = open_in(&ours, &server, &args, (120, 36));
    let mia = open_in(&ours, &server, &["board"], (120, 36));

    let shops = clock(&shops, Hours::TwentyFour);
    wait_for_present(&mia, &shops);
    ann.gone("Reading the catalog");
    ann.keys("o");
    ann.wait("Orders");
    ann.wait(&order);
    // In the list, and twice on the receipt beside it.
    let minute = shops.minute(at);
    ann.wait_until("the shop's time in the list and on the receipt", |screen| {
        screen.contents().matches(&minute).count() >= 3
    });

    // Another shop's zone and hours show at once.
    let set = ["shop", &format!("time_zone={others}"), "hours=12"];
    ok(&server, &set);
    let others = clock(&others, Hours::Twelve);
    wait_for_present(&mia, &others);
    let minute = others.minute(at);
    ann.wait_until("the other zone's time", |screen| {
        screen.contents().matches(&minute).count() >= 3
    });

    // Without a zone, each computer's own counts.
    ok(&server, &["shop", "time_zone=", "hours="]);
    let ours = clock(&ours, Hours::TwentyFour);
    wait_for_present(&mia, &ours);
    let minute = ours.minute(at);
    ann.wait_until("our own time", |screen| {
        screen.contents().matches(&minute).count() >= 3
    });
}

#[test]
fn what_is_typed_is_read_by_the_clock_that_shows() {
    // None of the times that are typed comes meanwhile.
    let server = Server::with_demo();
    let zone = zone_at(12);
    ok(&server, &["shop", &format!("time_zone={zone}")]);
    let shops = clock(&zone, Hours::TwentyFour);
    let closes = || -> u64 {
        let rules: Value = serde_json::from_str(&told(&server, &["rules", "--json"])).unwrap();
        rules["closes_at"].as_u64().unwrap()
    };
    for (typed, minute) in [("17:30", "17:30"), ("5:45 pm", "17:45"), ("12am", "00:00")] {
        let rules = told(&server, &["rules", "--deadline", typed]);
        assert!(rules.contains(minute), "{rules}");
        assert_eq!(shops.minute(closes()), minute, "{typed}");
    }
    let rules = told(&server, &["--hours", "12", "rules"]);
    assert!(rules.contains(" 12:00 am\n"), "{rules}");

    let mut ann = open(
        &server,
        &["--cart", "office", "--name", "ann", "--hours", "12"],
        (120, 36),
    );
    ann.gone("Reading the catalog");
    ann.wait("closes tomorrow 12:00 am");
    ann.keys("w T");
    ann.wait("Closes at .12:00 am");
    ann.keys("ctrl-u 9 : 1 5 space p m enter");
    ann.wait("closes .*9:15 pm");
    assert_eq!(shops.minute(closes()), "21:15");
    ann.keys("T");
    ann.wait("Closes at .9:15 pm");
    ann.keys("ctrl-u 2 0 : 4 5 enter");
    ann.wait("closes .*8:45 pm");
    assert_eq!(shops.minute(closes()), "20:45");
}

#[test]
fn commands_and_plain_mode_tell_times_by_the_shops_clock() {
    let server = shop_in_berlin();
    let (order, at) = ordered(&server);
    let berlin = clock("Europe/Berlin", Hours::TwentyFour);
    let placed = berlin.date_and_minute(at);
    let listed = told(&server, &["orders"]);
    assert!(
        listed.contains(&format!("{order}  {placed}  placed")),
        "{listed}"
    );
    let receipt = told(&server, &["order", &order]);
    assert!(
        receipt.contains(&format!("{placed}, for office")),
        "{receipt}"
    );
    let follow = ["orders", "--follow", "--from-start", "--count", "1"];
    let followed = told(&server, &[&follow[..], &["--group", "one"]].concat());
    assert!(
        followed.contains(&format!("{order}  placed  {placed}  ")),
        "{followed}"
    );
    let json = told(&server, &["orders", "--json"]);
    let csv = told(&server, &["orders", "--csv"]);

    // A person's own hours go before the shop's; columns stay columns.
    ok(&server, &["shop", "hours=12"]);
    let twelve = clock("Europe/Berlin", Hours::Twelve);
    let by_12 = twelve.date_and_minute(at);
    let listed = told(&server, &["orders"]);
    assert!(
        listed.contains(&format!("{order}  {by_12:<19}  placed")),
        "{listed}"
    );
    assert!(told(&server, &["--hours", "24", "orders"]).contains(&placed));
    let set = here(&server, &["orders"])
        .env("TROLLEY_HOURS", "24")
        .finish();
    assert!(String::from_utf8(set.stdout).unwrap().contains(&placed));
    let followed = told(&server, &[&follow[..], &["--group", "two"]].concat());
    assert!(followed.contains(&by_12), "{followed}");
    let exec = ["--exec", "cat >&2", "--group", "three"];
    let printed = here(&server, &[&follow[..], &exec].concat()).finish();
    let printed = String::from_utf8(printed.stderr).unwrap();
    assert!(printed.contains(&by_12), "{printed}");

    // So does plain mode, and understands them.
    let (mut plain, _) = Plain::open(&server, "office", "ann");
    plain.says("orders", &twelve.minute(at));
    plain.says("deadline 6 pm", "6:00 pm");

    // What programs read is as before.
    assert_eq!(told(&server, &["orders", "--json"]), json);
    assert_eq!(told(&server, &["orders", "--csv"]), csv);
}

#[test]
fn a_watch_tells_times_by_the_shops_clock_and_follows_it() {
    let server = shop_in_berlin();
    ok_as(&server, "alice", "bob", &["add", "espresso"]);
    let mut for_programs = Watch::start(&server, server.url());
    let line = format!(
        "exec {TROLLEY} --redis {} --cart alice watch 2>&1",
        server.url()
    );
    let mut watch = Running::start(command("bash").args(["-c", &line]).env("TZ", HERE));
    assert_eq!(watch.line(), "trolley: watching the cart of alice");

    let mut told = |clock: Clock, columns: usize| {
        ok_as(&server, "alice", "bob", &["add", "espresso"]);
        let at = for_programs.next()["at"].as_u64().unwrap();
        let line = watch.line();
        let expected = format!("{:>columns$}  bob added 1", clock.second(at));
        assert!(line.starts_with(&expected), "{line}, not {expected}");
    };
    told(clock("Europe/Berlin", Hours::TwentyFour), 8);
    ok(&server, &["shop", "time_zone=Asia/Kathmandu", "hours=12"]);
    told(clock("Asia/Kathmandu", Hours::Twelve), 11);
}

#[cfg(feature = "serve")]
#[test]
fn a_visitor_reads_times_in_the_hours_that_they_choose() {
    use harness::Served;

    let server = shop_in_berlin();
    ok(&server, &["shop", "hours=12"]);
    // What whoever serves the shop chose is not theirs.
    let environment = [("TROLLEY_HOURS", "24"), ("TZ", HERE)];
    let people = [("ann", r#"cart="office",name="ann""#)];
    let served = Served::at(server, &people, &[], &environment);
    let (order, at) = ordered(&served.redis);

    let own = ["-o", "SetEnv=TROLLEY_HOURS=24"];
    for (options, hours) in [(&[][..], Hours::Twelve), (&own, Hours::TwentyFour)] {
        let clock = clock("Europe/Berlin", hours);
        let quietly = [&["-qT"][..], options].concat();
        let mut command = served.ssh(Some("ann"), &quietly, &["order", &order]);
        let receipt = String::from_utf8(command.finish().stdout).unwrap();
        let placed = format!("\n{}, for office\n", clock.date_and_minute(at));
        assert!(receipt.contains(&placed), "{receipt}");

        let mut visit = served.builder("visitor", Some("ann"), options).open();
        visit.wait("● live");
        visit.gone("Reading the catalog");
        visit.keys("o");
        visit.wait("Orders");
        visit.wait(&format!("placed {} → accepted", clock.minute(at)));
    }
}

#[test]
fn a_shop_says_how_its_clocks_count_hours() {
    let server = Server::with_demo();
    let shown = ok(&server, &["shop", "hours=12"]);
    assert!(shown.contains("\nhours     12\n"), "{shown}");
    let wrong = run(&server, &["shop", "hours=am"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(said, "trolley: hours: “am” is not valid: write 24 or 12\n");
    let shop = document(&server, &["shop"]);
    assert_eq!(shop["hours"], "12");

    // What others put there is no reason to tell no time.
    server.cmd("HSET shop hours 13 time_zone Middle/Earth");
    let (order, at) = ordered(&server);
    let placed = clock(HERE, Hours::TwentyFour).date_and_minute(at);
    let receipt = told(&server, &["order", &order]);
    assert!(receipt.contains(&placed), "{receipt}");

    let wrong = run(&server, &["--hours", "13", "cart"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(said, "trolley: hours: “13” is not valid: auto, 24, 12\n");
}

#[test]
fn what_is_not_understood_of_the_shops_clock_is_said_with_what_is_used() {
    let server = shop_in_berlin();
    let mut mia = open(&server, &["board", "--name", "mia"], (120, 36));
    mia.wait("[0-9]:[0-9][0-9] CES?T ");
    server.cmd("HSET shop hours 13 time_zone Middle/Earth");
    ok(&server, &["shop", "name=Mill"]);
    mia.wait("Mill .*[0-9]:[0-9][0-9] N[SD]T ");

    // The time stays where its zone has no room.
    mia.resize(58, 20);
    mia.wait("Mill .* [0-9]+:[0-9][0-9]   ● live");
    mia.resize(120, 36);

    let unknown = "not understood: America/St_Johns is used";
    mia.keys(": s h o p enter");
    mia.wait(&format!("Middle/Earth +! {unknown}"));
    mia.wait("13 +! not understood: 24 is used");
    mia.resize(50, 15);
    mia.wait("Middle/Earth +! not understood *│");
    mia.wait("13 +! not understood *│");

    let shop = told(&server, &["shop"]);
    assert!(shop.contains(&format!("time zone Middle/Earth ({unknown})\n")));
    assert!(shop.contains("hours     13 (not understood: 24 is used)\n"));
    let today = here(&server, &["today"]).finish();
    let said = String::from_utf8_lossy(&today.stderr).into_owned();
    let of_zone = "time_zone “Middle/Earth” is not understood: America/St_Johns is used\n";
    assert!(said.contains(&format!("the shop's {of_zone}")), "{said}");

    server.cmd("CONFIG SET appendfsync always");
    let doctor = told(&server, &["doctor"]);
    for found in [of_zone, "hours “13” is not understood: 24 is used\n"] {
        assert!(doctor.contains(&format!("its {found}")), "{doctor}");
    }
    ok(&server, &["shop", "time_zone=Europe/Berlin", "hours="]);
    let doctor = told(&server, &["doctor"]);
    assert!(doctor.contains("its settings are understood"), "{doctor}");
}

#[test]
fn with_twelve_hours_everything_keeps_its_place() {
    for (width, height) in [(120, 36), (80, 24)] {
        let mut people = TestScreen::with_rules(width, height, "ann@till");
        people.keys("w T");
        let mut listed = TestScreen::filled(width, height);
        listed.keys("v o");
        listed.link(list(orders()));

        for (name, mut stage) in [("people", people), ("orders", listed)] {
            stage.state.shop.hours = Some(NamedHours::new("12".to_owned()));
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), stage.picture());
        }
    }
}

#[test]
fn orders_are_found_by_the_time_that_shows() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("o");
    stage.link(list(orders()));
    let found = |stage: &mut TestScreen, words: &str| {
        stage.keys(&format!("/ ctrl-u {}", harness::screens::typed(words)));
        let found = stage.state.orders.shown.len();
        stage.keys("enter");
        found
    };
    let at = orders()[0].at;
    stage.state.shop.time_zone = Some(NamedZone::new("Asia/Tokyo".to_owned()));
    assert_eq!(found(&mut stage, "20:06"), 1);
    assert_eq!(found(&mut stage, "8:06 pm"), 0);
    assert_eq!(clock("Asia/Tokyo", Hours::Twelve).minute(at), "8:06 pm");
    stage.state.shop.hours = Some(NamedHours::new("12".to_owned()));
    assert_eq!(found(&mut stage, "8:06 pm"), 1);
    assert_eq!(found(&mut stage, "20:06"), 0);
}

#[test]
fn orders_that_are_looked_for_by_a_time_follow_the_clock_at_once() {
    let mut stage = TestScreen::filled(120, 36);
    stage.keys("o");
    stage.link(list(orders()));
    let in_tokyo = || Shop {
        time_zone: Some(NamedZone::new("Asia/Tokyo".to_owned())),
        ..Shop::default()
    };
    let catalog = stage.state.catalog.catalog.clone();
    let read = |shop: Shop| Message::Catalog(Ok((catalog.clone(), Some(shop))), 0);

    stage.take_in(read(in_tokyo()));
    stage.keys(&format!("/ {} enter", harness::screens::typed("20:06")));
    assert_eq!(stage.state.orders.shown.len(), 1);
    stage.take_in(read(Shop::default()));
    assert_eq!(stage.state.orders.shown.len(), 0);
    stage.take_in(read(in_tokyo()));
    assert_eq!(stage.state.orders.shown.len(), 1);
}
