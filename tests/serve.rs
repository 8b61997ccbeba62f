//! The shop by SSH: real OpenSSH clients in real terminals, and clients that mean harm.

use crate::harness;

use harness::cluster::Cluster;
use harness::sentinel::Sentinels;
use harness::ssh::{Folder, launch};
use harness::{Finish, Home, PATIENCE, Running, Served, Server, Terminal, ok, until};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::Signal;
use std::collections::HashSet;
use std::fs::Permissions;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use vt100::Screen;

/// What a client said on stderr.
fn complaint(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A client that is turned away, or whose connection ends, reads this.
fn assert_turned_away(client: &mut Command, words: &str) {
    let output = client.finish();
    assert_eq!(output.status.code(), Some(255), "{client:?}: {output:?}");
    let said = complaint(&output);
    assert!(said.contains(words), "{client:?}: {said}");
}

/// A command for the shop on this server, with the folder as its home.
fn shop(redis: &Server, folder: &Folder) -> Command {
    harness::trolley(folder.path(), &["--redis", redis.url()])
}

#[test]
fn two_visitors_share_a_cart() {
    let served = Served::office();
    let mut ann = served.visit("ann");
    let mut ben = served.visit("ben");
    ann.keys("/ espresso enter 1 2 a");
    ben.wait(r"12 Espresso .* 28\.80");
    ben.wait("ann added 12 × Espresso");
    ann.gone("12…");
    ben.keys("tab - d");
    ann.wait("The cart is empty");
    ann.wait("ben removed Espresso");

    ann.resize(80, 24);
    ann.keys("?");
    ann.wait("Undo your own last change");
    ann.keys("esc q");
    assert_eq!(ann.wait_exit().exit_code(), 0);
    ann.assert_restored();
    ben.keys("ctrl-c");
    assert_eq!(ben.wait_exit().exit_code(), 0);
    ben.assert_restored();

    for word in ["connect ", "auth ", "pty ", "close ", "end "] {
        until(word, || served.log().contains(&format!("INFO {word}")));
    }
}

#[test]
fn a_visitor_sees_the_changes_of_people_without_ssh() {
    let served = Served::office();
    let ann = served.visit("ann");
    let args = ["--user", "office", "--name", "till", "add", "espresso", "3"];
    harness::ok(&served.redis, &args);
    ann.wait("till added 3 × Espresso");
}

#[test]
fn the_user_name_picks_a_cart_and_grants_none() {
    let people = [
        ("ann", r#"cart="office,party",name="Ann of the office""#),
        ("ben", r#"role="clerk",cart="till,*""#),
        ("cleo", ""),
    ];
    let served = Served::start(&people, &[]);
    for (user, who, cart) in [
        ("party", "ann", "party"),
        ("office", "ann", "office"),
        ("ben", "ann", "office"),
        ("table-4", "ben", "table-4"),
        ("no such cart", "ben", "till"),
        ("office", "cleo", "key-"),
    ] {
        let visit = served.visit_as(user, Some(who));
        visit.wait(&format!("▌{cart}"));
    }
}

#[test]
fn who_is_not_listed_reads_how_to_get_in() {
    let served = Served::office();
    let mut cleo = served.ssh(Some("cleo"), &["-tt"], &[]);
    assert_turned_away(&mut cleo, "does not know your key SHA256:");

    // No other key, user name or empty hand helps.
    for (user, who) in [("office", Some("cleo")), ("ann", None), ("root", None)] {
        let mut stranger = served.ssh_as(user, who, &["-tt"], &[]);
        assert_turned_away(&mut stranger, "whoever runs the shop");
    }
    // Whatever a name contains, the line begins with the address that was refused.
    let mut forged = served.ssh_as("x INFO refused ip=192.0.2.1", None, &["-tt"], &[]);
    assert_eq!(forged.finish().status.code(), Some(255));
    let log = served.log();
    let refused: Vec<_> = log.match_indices("INFO refused ip=").collect();
    assert!(!refused.is_empty(), "{log}");
    for (at, words) in refused {
        assert!(log[at + words.len()..].starts_with("127.0.0.1 "), "{log}");
    }
}

/// The options of a client that offers these keys.
fn offering(files: &[String]) -> Vec<&str> {
    files.iter().flat_map(|file| ["-i", file]).collect()
}

#[test]
fn who_has_many_keys_reads_how_to_name_one() {
    let served = Served::office();
    let mut files: Vec<String> = (0..18)
        .map(|n| {
            let name = format!("key-{n}");
            served.folder.make_key(&name, "ed25519");
            served.folder.text(&name)
        })
        .collect();

    // As many as may be offered, and more.
    for count in [16, 18] {
        let refused = served.ssh(None, &offering(&files[..count]), &[]).finish();
        assert_eq!(refused.status.code(), Some(255), "{refused:?}");
        let said = complaint(&refused);
        assert_eq!(said.matches("Name the right one").count(), 1, "{said}");
        assert!(!said.contains("Too many"), "{said}");
    }
    // The right key is found where it is the last that may be offered.
    files[15] = served.folder.text("ann");
    let ann = served
        .ssh(None, &offering(&files[..16]), &["cart"])
        .finish();
    assert!(ann.status.success(), "{ann:?}");
}

#[test]
fn an_open_shop_gives_every_key_a_cart_of_its_own() {
    let served = Served::start(&[], &["--open", "own"]);
    let mut ann = served.visit_as("office", Some("ann"));
    let ben = served.visit_as("office", Some("ben"));
    ann.keys("/ espresso enter 2 a");
    ann.wait("2 Espresso");
    ann.keys("q");
    assert_eq!(ann.wait_exit().exit_code(), 0);
    // From another machine, under another name: it is the key that counts.
    let again = served.visit_as("somebody", Some("ann"));
    again.wait("2 Espresso");
    ben.wait("The cart is empty");
}

#[test]
fn everybody_may_share_one_cart_with_a_name_that_nobody_else_can_have() {
    let args = ["--open", "shared", "--guests", "--user", "lunch"];
    let served = Served::start(&[], &args);
    let mut ann = served.visit_as("ann", Some("ann"));
    let mut impostor = served.visit_as("ann", Some("ben"));
    let guest = served.visit_as("dora", None);
    ann.keys("/ espresso enter a");
    guest.wait(r"ann \(\S+\) added 1 × Espresso");
    impostor.keys("/ espresso enter a");
    guest.wait("2 Espresso");

    // The guest sees two people of that name, and can tell them apart.
    let marked = regex::Regex::new(r"ann \([\w-]{8}\)").unwrap();
    guest.wait_until("there are no two names", |screen| {
        let text = screen.contents();
        let names: HashSet<&str> = marked.find_iter(&text).map(|name| name.as_str()).collect();
        names.len() == 2
    });
}

#[test]
fn a_guest_gets_a_fresh_cart() {
    let served = Served::start(&[("ann", r#"cart="office""#)], &["--guests"]);
    let mut guest = served.visit_as("office", None);
    guest.keys("/ espresso enter a");
    guest.wait("1 Espresso");
    // A key that is not listed makes nobody less than a guest.
    let other = served.visit_as("office", Some("ben"));
    other.wait("The cart is empty");
    let ann = served.visit("ann");
    ann.wait("▌office");
    ann.wait("The cart is empty");
}

#[test]
fn there_is_nothing_but_the_shop() {
    let served = Served::office();
    let plain = |options: &[&str], args: &[&str]| served.ssh(Some("ann"), options, args).finish();

    for (options, args, what) in [
        (
            &[][..],
            &["cat", "/etc/passwd"][..],
            "there is no command “cat”",
        ),
        (&["-tt"], &["sh"], ""),
    ] {
        let output = plain(options, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(complaint(&output).contains(what), "{output:?}");
        assert!(!output.stdout.windows(4).any(|bytes| bytes == b"root"));
    }

    // No files.
    assert_ne!(plain(&["-s"], &["sftp"]).status.code(), Some(0));
    // No way to other machines, or to the server's own ports.
    let own = served.address().to_string();
    let forwarded = plain(&["-W", &own], &[]);
    assert_ne!(forwarded.status.code(), Some(0));
    assert_eq!(forwarded.stdout, b"");
    let listening = [
        "-N",
        "-o",
        "ExitOnForwardFailure=yes",
        "-R",
        "0:127.0.0.1:1",
    ];
    assert_eq!(plain(&listening, &[]).status.code(), Some(255));
}

#[test]
fn the_expensive_key_exchanges_are_not_offered() {
    let served = Served::office();
    for kex in [
        "diffie-hellman-group18-sha512",
        "diffie-hellman-group14-sha256",
        "ecdh-sha2-nistp256",
    ] {
        let option = format!("KexAlgorithms={kex}");
        let mut ann = served.ssh(Some("ann"), &["-T", "-o", &option], &[]);
        assert_turned_away(&mut ann, "no matching key exchange");
    }
    for cipher in ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"] {
        let output = served.ssh(Some("ann"), &["-T", "-c", cipher], &[]).finish();
        assert_eq!(output.status.code(), Some(0), "{cipher}: {output:?}");
    }
}

#[test]
fn keys_of_every_usual_kind_are_let_in() {
    let served = Served::start(&[], &["--open", "own"]);
    for kind in ["rsa", "ecdsa"] {
        served.folder.make_key(kind, kind);
        let mut visit = served.visit_as("visitor", Some(kind));
        visit.keys("q");
        assert_eq!(visit.wait_exit().exit_code(), 0, "{kind}");
    }
}

#[test]
fn a_terminal_that_tells_no_size_gets_the_usual_one() {
    let served = Served::office();
    let ann = served
        .builder("visitor", Some("ann"), &["-tt"])
        .without_size()
        .open();
    ann.wait("64 products");
    ann.wait_until("the screen is not 24 rows high", |screen| {
        let rows: Vec<String> = screen.rows(0, 120).collect();
        rows[23].contains("quit") && rows[24..].iter().all(|row| row.trim().is_empty())
    });
    ann.resize(100, 30);
    ann.wait_until("the screen does not fill the window", |screen| {
        let rows: Vec<String> = screen.rows(0, 120).collect();
        rows[29].contains("quit")
    });
}

#[test]
fn several_screens_share_a_connection() {
    let served = Served::office();
    let path = served.folder.text("master");
    let master = served
        .builder("visitor", Some("ann"), &["-M", "-S", &path])
        .open();
    master.wait("64 products");
    let shared = || {
        let screen = served.builder("visitor", None, &["-S", &path]).open();
        screen.wait("64 products");
        screen
    };
    let mut second = shared();
    let mut third = shared();
    second.keys("/ espresso enter a");
    for screen in [&master, &third] {
        screen.wait("1 Espresso");
    }
    third.keys("q");
    assert_eq!(third.wait_exit().exit_code(), 0);
    second.keys("a");
    master.wait("2 Espresso");
}

#[test]
fn a_visitor_who_is_stopped_delays_nobody_and_sees_the_present() {
    let served = Served::office();
    let ann = served.visit("ann");
    let mut ben = served.visit("ben");
    ann.signal(Signal::STOP);
    ben.keys("/ espresso enter");
    for count in 1..=40 {
        ben.keys("a");
        ben.wait(&format!("{count} Espresso"));
    }
    ann.signal(Signal::CONT);
    ann.wait("40 Espresso");
}

#[test]
fn keys_without_end_delay_nobody() {
    let people = [("ann", r#"cart="office""#), ("ben", r#"cart="till""#)];
    let served = Served::start(&people, &[]);
    let flooding: Vec<Running> = (0..4)
        .map(|_| {
            let script = r#"yes a | exec ssh "$@" > /dev/null"#;
            let mut ssh = harness::command("sh");
            ssh.args(["-c", script, "sh"])
                .args(served.folder.client(Some("ann"), served.address().port()))
                .args(["-tt", "-l", "visitor", "127.0.0.1"])
                .env("TERM", "xterm-256color");
            Running::start(&mut ssh)
        })
        .collect();
    until("all of them are in the shop", || {
        served.log().matches("INFO pty ").count() == flooding.len()
    });

    let mut ben = served.visit("ben");
    ben.keys("/ espresso enter");
    for count in 1..=20 {
        ben.keys("a");
        ben.wait(&format!("{count} Espresso"));
    }
    // They are still at it, and whoever looks at their cart is shown what becomes of it.
    assert!(!served.log().contains("INFO close "));
}

/// Ann, who adds 180 espressos in a moment: more than may come at once, and less than may wait. Ben
/// looks on.
fn adding_beyond_the_burst(served: &Served) -> (Terminal, Terminal) {
    let mut ann = served.visit("ann");
    let ben = served.visit("ben");
    ann.keys("/ espresso enter");
    ann.wait("/espresso 4 of 64");
    ann.send(&[b'a'; 180]);
    (ann, ben)
}

#[test]
fn more_changes_than_anybody_makes_by_hand_follow_one_after_the_other() {
    let served = Served::office();
    let (mut ann, ben) = adding_beyond_the_burst(&served);
    ann.wait("You are faster than the shop takes changes");
    ben.wait("180 Espresso");
    ann.wait("180 Espresso");
    ann.gone("180…");

    // What is too much for that, too, is told.
    ann.send(&[b'a'; 600]);
    ann.wait("200 changes wait for the server already: this one was not made");
}

#[test]
fn changes_that_wait_for_their_turn_outlast_a_screen_that_hangs_up() {
    let served = Served::office();
    let (ann, ben) = adding_beyond_the_burst(&served);
    ann.wait("180…");
    drop(ann);
    ben.wait("180 Espresso");
}

#[test]
fn a_removed_key_ends_its_visits_and_no_others() {
    let served = Served::office();
    let mut ann = served.visit("ann");
    let mut ben = served.visit("ben");

    // A file that can't be used changes nothing.
    std::fs::write(served.folder.file("keys"), "nonsense\n").unwrap();
    served.signal(Signal::HUP);
    until("the mistake is written down", || {
        served.log().contains("line 1 can't be used")
    });
    ben.keys("/ espresso enter a");
    ann.wait("1 Espresso");

    served.folder.list(&[("ann", r#"cart="office""#)]);
    served.signal(Signal::HUP);
    ben.wait_exit();
    ben.wait("What your key may do in this shop has changed");
    ben.assert_restored();
    let refused = served.ssh(Some("ben"), &["-tt"], &[]).finish();
    assert_eq!(refused.status.code(), Some(255));
    ann.keys("/ espresso enter a");
    ann.wait("2 Espresso");

    // Another role is another grant.
    served
        .folder
        .list(&[("ann", r#"cart="office",role="shopper""#)]);
    served.signal(Signal::HUP);
    ann.wait_exit();
    ann.wait("has changed");
}

#[test]
fn a_shopper_orders_nothing() {
    let people = [("ann", r#"cart="office",role="shopper""#)];
    let served = Served::start(&people, &[]);
    let mut ann = served.visit("ann");
    ann.keys("/ espresso enter a");
    ann.wait("1 Espresso");
    ann.keys("c");
    ann.wait("Checkout");
    ann.wait(r"You may fill this cart, not order it\.");
    ann.keys("Y");
    ann.wait("^ You may fill this cart, not order it *$");
    assert_eq!(served.redis.get("XLEN orders"), "0");
    ann.keys("esc a");
    ann.wait("2 Espresso");

    // Nor in words.
    let words = Running::start_fed(&mut served.ssh(Some("ann"), &["-T"], &[]));
    words.feed(b"checkout\nplace order 4.80\n");
    let said = String::from_utf8(words.finish().stdout).unwrap();
    assert!(
        said.contains("You may fill this cart, not order it."),
        "{said}"
    );
    assert_eq!(served.redis.get("XLEN orders"), "0");
}

#[test]
fn the_host_key_is_kept() {
    let redis = Server::with_demo();
    let folder = Folder::new();
    folder.list(&[("ann", "")]);
    let keys = folder.text("keys");

    let (first, _, fingerprint) = launch(&mut shop(&redis, &folder), &["--keys", &keys]);
    drop(first);
    let (second, _, again) = launch(&mut shop(&redis, &folder), &["--keys", &keys]);
    assert_eq!(fingerprint, again);
    drop(second);

    // OpenSSH reads it as a key of its own.
    let path = folder.file(".local/share/trolley/ssh_host_ed25519_key");
    let shown = harness::command("ssh-keygen")
        .arg("-lf")
        .arg(&path)
        .finish();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(&fingerprint), "{shown}");

    // One that somebody names is used, and never made.
    folder.make_key("named", "ed25519");
    let named = folder.text("named");
    let args = ["--keys", &keys, "--host-key", &named];
    let (_named, _, other) = launch(&mut shop(&redis, &folder), &args);
    assert_ne!(other, fingerprint);
    let missing = folder.text("missing");
    let refused = shop(&redis, &folder)
        .args(["serve", "--keys", &keys, "--host-key", &missing])
        .finish();
    assert_eq!(refused.status.code(), Some(2));
    assert!(!folder.file("missing").exists());
}

#[test]
fn mistakes_end_the_server_before_it_begins() {
    let redis = Server::with_demo();
    let folder = Folder::new();
    std::fs::write(folder.file("keys"), "\n\nrole=\"king\" ssh-ed25519 x\n").unwrap();
    let keys = folder.text("keys");
    let open = folder.text("open");
    std::fs::write(&open, "").unwrap();
    std::fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
    for (args, what) in [
        (&["--keys", &open][..], "chmod o-w"),
        (&[][..], "--open"),
        (&["--keys", &keys], "line 3"),
        (&["--keys", "/nowhere"], "/nowhere"),
        (&["--open", "own", "--idle", "soon"], "idle"),
        (&["--open", "own", "--drain", "never"], "drain"),
        (&["--open", "own", "--listen", "192.0.2.1:1"], "192.0.2.1"),
    ] {
        let output = shop(&redis, &folder).arg("serve").args(args).finish();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(complaint(&output).contains(what), "{args:?}: {output:?}");
    }
}

#[test]
fn the_settings_file_may_hold_the_options() {
    let redis = Server::with_demo();
    let folder = Folder::new();
    let settings = folder.text("config.toml");
    let write = |text: &str| std::fs::write(&settings, text).unwrap();
    let with_file = |more: &[&str]| {
        let mut command = shop(&redis, &folder);
        command.args(["--config", &settings]).args(more);
        command
    };

    write("[serve]\nlisten = '192.0.2.1:1'\nopen = 'own'\nidle = 'never'\n");
    // The command line wins: it is heard on the loopback.
    let (_server, address, _) = launch(&mut with_file(&[]), &[]);
    let options = folder.client(Some("ann"), address.port());
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let ann = Terminal::builder("/usr/bin/ssh")
        .args(&options)
        .args(&["127.0.0.1"])
        .open();
    ann.wait("▌key-");
    let told = with_file(&["config"]).finish();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("serve.open = \"own\""), "{told}");
    assert!(toml::from_str::<toml::Table>(&told).is_ok(), "{told}");

    for (text, what) in [
        ("opne = 'own'", "did you mean “open”?"),
        ("open = 'all'", "line 2"),
        ("open = 'own'\nidle = 'soon'", "idle"),
        ("open = 'own'\nlisten = 'here'", "listen"),
        ("open = 'own'\nproxy_protocol = ['x']", "proxy_protocol"),
    ] {
        write(&format!("[serve]\n{text}\n"));
        let output = with_file(&["serve"]).finish();
        assert_eq!(output.status.code(), Some(2), "{text}: {output:?}");
        assert!(complaint(&output).contains(what), "{text}: {output:?}");
    }
}

/// Reads until the other side closes the connection.
fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => all,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => all,
        Err(error) => panic!("the connection stays open: {error}"),
    }
}

/// Sends a byte of a greeting each second for as long as the connection is open.
fn greet_without_end(stream: &TcpStream) {
    let mut stream = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        let greeting = b"SSH-2.0-".iter().chain(std::iter::repeat(&b'x'));
        for byte in greeting {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    });
}

#[test]
fn who_never_logs_in_is_cut_off_and_keeps_nobody_out() {
    let args = ["--login-grace", "10s", "--per-ip", "200"];
    let people = [("ann", r#"cart="office""#)];
    let served = Served::start(&people, &args);
    let silent: Vec<TcpStream> = (0..30)
        .map(|n| {
            let mut stream = TcpStream::connect(served.address()).unwrap();
            match n % 4 {
                0 => {}
                1 => stream.write_all(b"SSH-2.0-x\r\n").unwrap(),
                2 => stream.write_all(b"S").unwrap(),
                _ => greet_without_end(&stream),
            }
            stream
        })
        .collect();
    let _ann = served.visit("ann");
    for mut stream in silent {
        let said = read_to_end(&mut stream);
        assert!(said.starts_with(b"SSH-2.0-trolley"), "{said:?}");
    }
    assert!(served.log().contains("took too long to log in"));
}

#[test]
fn one_address_gets_only_so_many_connections() {
    let args = ["--per-ip", "2", "--login-grace", "1m"];
    let served = Served::start(&[("ann", r#"cart="office""#)], &args);
    let ann = served.visit("ann");
    let ben = served.visit("ann");
    let mut refused = served.ssh(Some("ann"), &["-tt"], &[]);
    assert_turned_away(&mut refused, "Too many connections come from your network.");

    // As many more may not have logged in yet.
    until("the refused one is gone", || {
        served.log().contains("INFO end ") && served.status()["logging_in"] == 0
    });
    let silent = [(); 2].map(|()| TcpStream::connect(served.address()).unwrap());
    until("two silent connections are there", || {
        served.status()["logging_in"] == 2
    });
    let mut third = TcpStream::connect(served.address()).unwrap();
    let said = read_to_end(&mut third);
    assert!(
        said.starts_with(b"trolley: too many connections"),
        "{said:?}"
    );
    drop(silent);
    drop(ben);
    until("there is room again", || {
        let status = served.status();
        status["logging_in"] == 0 && status["sessions"].as_array().unwrap().len() == 1
    });
    let mut again = served.visit("ann");
    again.keys("/ espresso enter a");
    ann.wait("1 Espresso");
}

#[test]
fn a_full_shop_says_so() {
    let args = ["--max", "1"];
    let people = [("ann", r#"cart="office""#), ("ben", r#"cart="office""#)];
    let served = Served::start(&people, &args);
    let _ann = served.visit("ann");
    let mut ben = served.ssh(Some("ben"), &["-tt"], &[]);
    assert_turned_away(&mut ben, "The shop is full; try again later.");
}

#[test]
fn a_crash_ends_one_screen_and_leaves_the_others() {
    let people = [("ann", r#"cart="office""#), ("ben", r#"cart="office""#)];
    let environment = [("TROLLEY_PANIC", "1")];
    let served = Served::at(Server::with_demo(), &people, &[], &environment);
    let mut ann = served.visit("ann");
    let mut ben = served.visit("ben");
    ann.send(b"\x1b[24~");
    assert_eq!(ann.wait_exit().exit_code(), 101);
    ann.wait("This screen has crashed");
    ann.assert_restored();
    ben.keys("/ espresso enter a");
    ben.wait("1 Espresso");
    let again = served.visit("ann");
    again.wait("1 Espresso");

    // The report of it may be sent on: it tells nothing of the others.
    let folder = served.folder.path().join(".local/state/trolley");
    let mut files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let report = files.find(|path| path.extension().is_some_and(|it| it == "txt"));
    let report = std::fs::read_to_string(report.unwrap()).unwrap();
    assert!(report.contains("asked to panic"), "{report}");
    assert!(
        report.contains("left out: they are those of visitors"),
        "{report}"
    );
    assert!(!report.contains("cart=office"), "{report}");
}

#[test]
fn a_crash_in_the_answer_to_a_client_ends_its_connection_alone() {
    let people = [("ann", r#"cart="office""#), ("ben", r#"cart="office""#)];
    let environment = [("TROLLEY_PANIC", "1")];
    let served = Served::at(Server::with_demo(), &people, &["--max", "3"], &environment);
    let mut ben = served.visit("ben");
    let asking = ["-o", "SetEnv=TROLLEY_PANIC=1"];
    for command in [&[][..], &["cart"]] {
        let crashed = served.ssh(Some("ann"), &asking, command).finish();
        assert_eq!(crashed.status.code(), Some(255), "{crashed:?}");
    }

    // It takes nobody's place.
    let ann = served.visit("ann");
    ben.keys("/ espresso enter a");
    ann.wait("1 Espresso");
}

/// The products of a large shop, beside those of the demo.
const PRODUCTS: usize = 10_000;

/// A large shop, where Ann and Ben have a cart each.
fn large_shop() -> Served {
    let redis = Server::with_demo();
    let more: String = (0..PRODUCTS)
        .map(|number| format!("p{number},Product {number},1.00\n"))
        .collect();
    let file = redis.dir().join("more.csv");
    std::fs::write(&file, format!("id,name,price\n{more}")).unwrap();
    ok(&redis, &["import", file.to_str().unwrap()]);

    let people = [("ann", r#"cart="office""#), ("ben", r#"cart="desk""#)];
    Served::at(redis, &people, &[], &[])
}

/// Somebody who comes to the large shop and finds the baguette so.
fn finds(served: &Served, who: &'static str, what: &str) -> Terminal {
    let mut visit = served.builder("visitor", Some(who), &[]).open();
    visit.wait("10,064 products");
    visit.keys("/ baguette enter");
    visit.wait(what);
    visit
}

#[test]
fn the_catalog_is_kept_for_visitors_who_come_one_after_the_other() {
    let served = large_shop();
    let ann = finds(&served, "ann", r"Baguette.*2\.10");

    // It is kept for thirty times what it takes to read: somebody comes meanwhile, also on a machine
    // that is slow now and then.
    let mut cents = 10;
    until("somebody finds it kept", || {
        cents += 1;
        let price = format!("price=3.{cents}");
        let shown = format!(r"Baguette.*3\.{cents}");
        finds(&served, "ben", ".");
        // What is announced while nobody asks is read for who comes next.
        ok(&served.redis, &["product", "set", "baguette", &price]);
        served.redis.insist::<()>("CONFIG RESETSTAT");
        finds(&served, "ben", &shown);
        ann.wait(&shown);
        served.redis.calls("hmget") < 1_000
    });
}

#[test]
fn the_catalog_is_read_anew_where_another_program_says_so() {
    let served = large_shop();
    let ann = finds(&served, "ann", r"Baguette.*2\.10");

    for (channel, price) in [("catalog-updates", "4.10"), ("cart-updates:office", "4.20")] {
        let shown = format!(r"Baguette.*{}", price.replace('.', r"\."));
        finds(&served, "ben", ".");
        served.redis.insist::<()>("CONFIG RESETSTAT");
        let setting = format!("HSET product:baguette price {price}");
        served.redis.insist::<()>(&setting);
        served.redis.insist::<()>(&format!("PUBLISH {channel} *"));
        ann.wait(&shown);
        assert!(served.redis.calls("hmget") > PRODUCTS);
        finds(&served, "ben", &shown);
    }
}

#[test]
fn an_idle_visitor_has_to_go() {
    let args = ["--idle", "2s"];
    let served = Served::start(&[("ann", r#"cart="office""#)], &args);
    let mut ann = served.builder("visitor", Some("ann"), &[]).open();
    ann.wait("the shop has closed this screen");
    assert_eq!(ann.wait_exit().exit_code(), 0);
    ann.assert_restored();
}

#[test]
fn nobody_keeps_a_place_by_a_connection_alone() {
    let people = [("ann", r#"cart="office""#), ("ben", r#"cart="office""#)];
    let served = Served::start(&people, &["--idle", "3s"]);
    let watch = ["watch", "--json"];
    let mut ben = Running::start(&mut served.ssh(Some("ben"), &["-T"], &watch));
    assert_eq!(ben.json()["event"], "up");

    let mut alone = served.ssh(Some("ann"), &["-N"], &[]);
    assert_turned_away(&mut alone, "Nothing has run on this connection");
    // A command that goes on is something that runs.
    until("ben alone is there", || {
        let status = served.status();
        let sessions = status["sessions"].as_array().unwrap();
        sessions.len() == 1 && sessions[0]["screens"] == 1
    });
}

/// How long a screen stays, as it says.
fn seconds_left(shown: &str) -> u64 {
    let words = shown.split("This screen closes in ").nth(1);
    let number = words.and_then(|words| words.split(' ').next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or(u64::MAX)
}

#[test]
fn the_end_of_the_server_is_told_and_loses_nothing() {
    let mut served = Served::office();
    let mut ann = served.visit("ann");
    let mut ben = served.visit("ben");
    let silent = TcpStream::connect(served.address()).unwrap();

    // A change is on its way while the server is told to end.
    served.redis.freeze();
    ann.keys("/ espresso enter a");
    ann.wait("1…");
    served.signal(Signal::TERM);
    ben.wait_exit();
    ann.wait(r"This screen closes in \d+ seconds: what you asked for is still being done");
    // Who has to leave does nothing more.
    ann.keys("a a a");
    let left = |screen: &Screen| seconds_left(&screen.contents());
    let before = ann.screen(left);
    ann.wait_until("a second passes", |screen| left(screen) < before);
    served.redis.thaw();
    for visitor in [&mut ann, &mut ben] {
        visitor.wait_exit();
        visitor.wait("The shop restarts");
        visitor.assert_restored();
    }
    assert_eq!(served.process().wait().code(), Some(0));
    assert_eq!(served.redis.get("ZSCORE cart:office espresso"), "1");
    drop(silent);
}

#[test]
fn the_end_of_the_server_tells_whether_a_command_was_begun() {
    let mut served = Served::start(&[], &["--open", "own", "--drain", "1s"]);
    for who in ["dan", "eve"] {
        served.folder.make_key(who, "ed25519");
    }
    served.redis.insist::<()>("CLIENT PAUSE 600000 WRITE");
    let adding = |who| Running::start(&mut served.ssh(Some(who), &[], &["add", "espresso"]));
    // Nobody has more than two turns.
    let people = [
        "ann", "ben", "cleo", "dan", "ann", "ben", "cleo", "dan", "eve",
    ];
    let commands = people.map(adding);
    until("as many work as may, and one more has come", || {
        served.log().matches("INFO exec ").count() == commands.len()
            && served
                .redis
                .get("INFO clients")
                .contains("blocked_clients:8\r")
    });

    served.signal(Signal::TERM);
    let end = |command: Running| {
        let output = command.finish();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        complaint(&output)
    };
    let not_done = "trolley: the command was not done: the shop restarts; come again in a moment";
    let said = commands.into_iter().map(end);
    let (waiting, working): (Vec<_>, Vec<_>) = said.partition(|said| said.contains(not_done));
    assert_eq!(waiting.len(), 1, "{waiting:?}, {working:?}");
    assert!(!waiting[0].contains("not known"), "{waiting:?}");
    for said in working {
        let unconfirmed = "the shop restarts; come again in a moment; it is not known whether";
        assert!(said.contains(unconfirmed), "{said}");
    }
    assert_eq!(served.process().wait().code(), Some(0));
}

#[test]
fn the_theme_fits_the_ground_of_a_visitors_terminal() {
    let served = Served::office();
    let colours = ["-o", "SendEnv=COLORTERM"];
    let text = |visit: &Terminal| visit.screen(|screen| screen.cell(4, 2).unwrap().fgcolor());
    let visit = |ground: &'static str| {
        let builder = served.builder("visitor", Some("ann"), &colours);
        let visit = builder.ground(ground).open();
        visit.wait("64 products");
        visit
    };
    let (light, dark) = (0x24_292f_u32, 0xd8_dee9_u32);
    let rgb = |hex: u32| {
        let [_, red, green, blue] = hex.to_be_bytes();
        vt100::Color::Rgb(red, green, blue)
    };

    let mut on_light = visit("ffff/ffff/ffff");
    until("the theme is light", || text(&on_light) == rgb(light));
    assert_eq!(text(&visit("1e1e/1e1e/2e2e")), rgb(dark));
    // An answer that comes late, as of a far terminal, is no key. It changes nothing that somebody has
    // chosen.
    on_light.keys("/ espresso enter a");
    on_light.wait("1 Espresso");
    let mut silent = served.builder("visitor", Some("ben"), &colours).open();
    silent.wait("1 Espresso");
    assert_eq!(text(&silent), rgb(dark));
    silent.send(b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    until("the theme is light", || text(&silent) == rgb(light));
    silent.send(b":theme dark\r");
    until("the theme is dark", || text(&silent) == rgb(dark));
    silent.send(b"\x1b]11;rgb:ffff/ffff/ffff\x07a");
    on_light.wait("1 Baguette");
    silent.wait("1 Baguette");
    assert_eq!(text(&silent), rgb(dark));
}

/// A server that is told to end while a change of ann's is on its way, and her screen.
fn ending_amid_a_change(drain: &str) -> (Served, Terminal) {
    let people = [("ann", r#"cart="office""#)];
    let served = Served::start(&people, &["--drain", drain]);
    let mut ann = served.visit("ann");
    served.redis.freeze();
    ann.keys("/ espresso enter a");
    ann.wait("1…");
    served.signal(Signal::TERM);
    (served, ann)
}

#[test]
fn the_end_of_the_server_does_not_wait_for_ever() {
    let (mut served, mut ann) = ending_amid_a_change("1s");
    ann.wait_exit();
    ann.wait("The shop restarts");
    ann.wait("changes were not confirmed");
    ann.assert_restored();
    assert_eq!(served.process().wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let (mut served, mut ann) = ending_amid_a_change("1h");
    ann.wait("This screen closes in");
    served.signal(Signal::INT);
    assert_eq!(served.process().wait().code(), Some(0));
    ann.wait_exit();
}

#[test]
fn a_visit_goes_on_under_new_keys() {
    let served = Served::office();
    let told = served.redis.dir().join("client.log");
    let file = told.to_str().unwrap();
    let options = ["-v", "-E", file, "-o", "RekeyLimit=16K"];
    let mut ann = served.builder("visitor", Some("ann"), &options).open();
    ann.wait("64 products");
    let exchanges = || {
        let log = std::fs::read_to_string(&told).unwrap();
        log.matches("SSH2_MSG_NEWKEYS received").count()
    };
    until("the keys were changed twice", || {
        ann.send(b"G");
        ann.wait(" 64 of 64 ");
        ann.send(b"g");
        ann.wait(" 1 of 64 ");
        exchanges() > 2
    });
    let ben = served.visit("ben");
    ann.keys("/ espresso enter a");
    ben.wait("1 Espresso");
}

#[test]
fn the_private_shop_can_be_served() {
    let home = Home::new();
    let folder = Folder::new();
    let (_server, address, _) = launch(&mut home.command(&[]), &["--open", "own"]);
    let options = folder.client(Some("ann"), address.port());
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let ann = Terminal::builder("/usr/bin/ssh")
        .args(&options)
        .args(&["127.0.0.1"])
        .open();
    ann.wait("64 products");
}

/// Two people by SSH in the shop at `url`; something happens `meanwhile`, before the second change.
fn shop_together(home: &Path, url: &str, meanwhile: impl FnOnce()) {
    harness::ok_at(home, url, &["demo"]);
    let folder = Folder::new();
    let mut command = harness::trolley(folder.path(), &["--redis", url, "--cart", "office"]);
    let (_server, address, _) = launch(&mut command, &["--open", "shared"]);
    let [mut ann, ben] = ["ann", "ben"].map(|who| {
        let visit = folder.builder(address.port(), who, Some(who), &[]).open();
        visit.wait("● live");
        visit.wait("64 products");
        visit
    });
    ann.keys("/ espresso enter a");
    ben.wait("1 Espresso");
    meanwhile();
    ann.keys("a");
    ben.wait("2 Espresso");
    ann.gone("2…");
}

#[test]
fn visitors_shop_on_a_cluster() {
    let cluster = Cluster::start(3, 0);
    let folder = Folder::new();
    shop_together(folder.path(), &cluster.url(), || {
        let to = (cluster.owner("cart:office") + 1) % 3;
        cluster.move_slot("cart:office", to);
    });
}

#[test]
fn visitors_follow_the_master_that_sentinels_name() {
    let all = Sentinels::start();
    let folder = Folder::new();
    shop_together(folder.path(), &all.url(), || {
        all.fail_over();
        until("the other is master", || all.master() == Some(1));
        let subscribed = ["cart-updates:office", "1"];
        until("the visitors' link is there", || {
            all.servers[1].get_list("PUBSUB NUMSUB cart-updates:office") == subscribed
        });
    });
}

#[test]
fn visits_are_told_on_stderr_where_there_is_no_log() {
    let redis = Server::with_demo();
    let folder = Folder::new();
    let (server, address, _) = launch(&mut shop(&redis, &folder), &["--open", "own"]);
    let mut stream = TcpStream::connect(address).unwrap();
    let mut version = [0; 7];
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_exact(&mut version).unwrap();
    assert_eq!(version, *b"SSH-2.0");
    server.signal(Signal::TERM);
    let output = Running::finish(server);
    assert!(output.status.success(), "{output:?}");
    let said = complaint(&output);
    assert!(
        said.contains("INFO connect session=1 ip=127.0.0.1"),
        "{said}"
    );
}

/// A terminal that was stopped by Ctrl-S, or a pipe whose reader sleeps.
#[test]
fn a_console_that_takes_nothing_keeps_no_visitor() {
    let redis = Server::with_demo();
    let folder = Folder::new();
    let (unread, console) = std::io::pipe().unwrap();
    fcntl_setfl(&console, OFlags::NONBLOCK).unwrap();
    while (&console).write(&[b'.'; 4096]).is_ok() {}
    fcntl_setfl(&console, OFlags::empty()).unwrap();

    let mut command = shop(&redis, &folder);
    command
        .args([
            "--json",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--open",
            "shared",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(console);
    let mut server = Running::spawn(&mut command);
    let address: SocketAddr = server.json()["address"].as_str().unwrap().parse().unwrap();
    for turn in 1..=8 {
        let mut ann = folder
            .builder(address.port(), "visitor", Some("ann"), &[])
            .open();
        ann.wait("● live");
        ann.keys("/ espresso enter a");
        ann.wait(&format!("{turn} Espresso"));
        ann.keys("q");
        ann.wait_exit();
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    drop(unread);
}

/// A client's options to come through a proxy that sends this header first.
fn through_proxy(served: &Served, header: &str) -> String {
    let port = served.address().port();
    format!(
        r#"ProxyCommand=bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; printf "{header}" >&3; cat <&3 & exec cat >&3'"#
    )
}

#[test]
fn a_proxy_says_who_comes() {
    let people = [("ann", r#"cart="office""#)];
    let args = ["--proxy-protocol", "10.0.0.0/8,127.0.0.1", "--per-ip", "1"];
    let served = Served::start(&people, &args);
    // Version 1 for both families, and version 2, which is in bytes.
    let visits = [
        (
            "203.0.113.7",
            r"PROXY TCP4 203.0.113.7 192.0.2.1 5000 22\r\n",
        ),
        ("2001:db8::7", r"PROXY TCP6 2001:db8::7 ::1 5000 22\r\n"),
        (
            "198.51.100.9",
            concat!(
                r"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c",
                r"\xc6\x33\x64\x09\xc0\x00\x02\x01\x13\x88\x00\x16"
            ),
        ),
    ]
    .map(|(address, header)| {
        let option = through_proxy(&served, header);
        let visit = served.builder("visitor", Some("ann"), &["-o", &option]);
        (address, visit.open())
    });
    for (address, visit) in &visits {
        visit.wait("● live");
        let log = served.log();
        let named = log
            .lines()
            .filter(|line| line.contains(&format!("ip={address}")));
        assert_eq!(
            named.filter(|line| line.contains("INFO auth ")).count(),
            1,
            "{log}"
        );
    }

    // Who names nobody is not let in, and is no visitor either.
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"SSH-2.0-nobody\r\n").unwrap();
    assert_eq!(stream.read(&mut [0; 64]).unwrap(), 0);
    until("the log names the proxy", || {
        served.log().contains("no header of the PROXY protocol")
    });
}

#[test]
fn only_named_proxies_are_believed() {
    let served = Served::start(&[("ann", "")], &["--proxy-protocol", "10.0.0.0/8"]);
    served.visit("ann");
    let option = through_proxy(&served, r"PROXY TCP4 203.0.113.7 192.0.2.1 5000 22\r\n");
    let refused = served.ssh(Some("ann"), &["-o", &option], &[]).finish();
    assert!(!refused.status.success());
    assert!(!served.log().contains("203.0.113.7"));
}

#[test]
fn a_socket_of_systemd_is_used() {
    let redis = Server::with_demo();
    let folder = Folder::new();
    folder.list(&[("ann", "")]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();

    // As systemd does: the socket is file 3, and the variables name the process.
    let script = r#"exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@""#;
    let keys = folder.text("keys");
    let mut command = harness::command("sh");
    command
        .args(["-c", script, harness::TROLLEY, "--redis", redis.url()])
        .args(["--json", "serve", "--keys", &keys])
        .env("HOME", folder.path())
        .stdin(OwnedFd::from(listener))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = Running::spawn(&mut command);
    assert_eq!(process.json()["address"], address.to_string());

    let mut ssh = harness::command("ssh");
    ssh.args(folder.client(Some("ann"), address.port()))
        .args(["-tt", "-l", "ann", "127.0.0.1"])
        .env("TERM", "xterm");
    let ssh = Running::start_fed(&mut ssh);
    ssh.feed(b"q");
    assert!(ssh.finish().status.success());
}

#[test]
fn who_runs_the_server_sees_visits_and_ends_them() {
    let people = [
        ("ann", r#"cart="office",name="Ann""#),
        ("ben", r#"cart="office""#),
    ];
    let served = Served::start(&people, &[]);
    let ask = |args: &[&str]| {
        shop(&served.redis, &served.folder)
            .args(["serve"])
            .args(args)
            .finish()
    };
    assert_eq!(served.status()["sessions"], serde_json::json!([]));

    let mut ann = served.visit("ann");
    let ben = served.visit("ben");
    let all = served.status();
    let visit = &all["sessions"][0];
    assert_eq!(visit["name"], "Ann");
    assert_eq!(visit["cart"], "office");
    assert_eq!(visit["role"], "buyer");
    assert_eq!(visit["screens"], 1);
    assert_eq!(visit["address"], "127.0.0.1");
    assert!(visit["key"].as_str().unwrap().starts_with("SHA256:"));
    let shown = String::from_utf8(ask(&["status"]).stdout).unwrap();
    assert!(shown.starts_with("2 visitors of at most 1000\n"), "{shown}");

    let session = visit["session"].to_string();
    assert!(ask(&["end", &session]).status.success());
    ann.wait("Whoever runs the shop has ended your visit");
    ann.wait_exit();
    ann.assert_restored();
    ben.wait("64 products");
    until("the visit is over", || {
        served.status()["sessions"].as_array().unwrap().len() == 1
    });
    let gone = ask(&["end", &session]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(complaint(&gone).contains(&format!("nobody is in the shop with session {session}")));

    // Another server goes without, and one that is told to use the socket does not start.
    let socket = served.folder.text(".local/state/trolley/serve.socket");
    let other = shop(&served.redis, &served.folder)
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--open",
            "own",
            "--control",
            &socket,
        ])
        .finish();
    assert_eq!(other.status.code(), Some(2));
    assert!(complaint(&other).contains("another server answers there"));

    // What is no socket is nobody's to take away.
    let precious = served.folder.file("precious");
    std::fs::write(&precious, "kept").unwrap();
    let mistaken = shop(&served.redis, &served.folder)
        .args(["serve", "--listen", "127.0.0.1:0", "--open", "own"])
        .arg("--control")
        .arg(&precious)
        .finish();
    assert_eq!(mistaken.status.code(), Some(2), "{mistaken:?}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "kept");
    drop(served);
}

#[test]
fn a_server_that_does_not_run_is_said_not_to() {
    let redis = Server::start();
    let folder = Folder::new();
    let asked = shop(&redis, &folder).args(["serve", "status"]).finish();
    assert_eq!(asked.status.code(), Some(3));
    assert!(complaint(&asked).contains("no server answers at"));
}
