//! The terminal is whole whatever happens, and odd ones are understood.

use crate::harness;

use harness::child::Lines;
use harness::{Running, Server, TROLLEY, Terminal, shop, trolley, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Write;
use std::process::Stdio;

/// The signals that end a program which does not catch them, and can be caught.
const DEADLY: [Signal; 16] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGABRT,
    Signal::SIGALRM,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGSYS,
    Signal::SIGTRAP,
    Signal::SIGIO,
    Signal::SIGBUS,
];

fn send(terminal: &Terminal, signal: Signal) {
    let pid = Pid::from_raw(terminal.pid().as_raw_nonzero().get());
    kill(pid, signal).unwrap();
}

/// The shop in a terminal, before anything of it shows.
fn opening(server: &Server) -> Terminal {
    Terminal::builder(TROLLEY)
        .args(&["--redis", server.url(), "--user", "alice"])
        .home(server.dir())
        .open()
}

/// The shop in a terminal that does not tell what it has read, so that all is written at once.
fn silent_shop(server: &Server) -> Terminal {
    Terminal::builder(TROLLEY)
        .args(&["--redis", server.url(), "--user", "alice"])
        .home(server.dir())
        .without_status()
        .open()
}

/// The bytes that the program has written, to whatever.
fn written(terminal: &Terminal) -> u64 {
    let path = format!("/proc/{}/io", terminal.pid().as_raw_nonzero());
    let told = std::fs::read_to_string(path).unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.unwrap().parse().unwrap()
}

/// Does something while the terminal has not read for so long that no more can be written to it.
fn with_blocked_output<T>(shop: &mut Terminal, act: impl FnOnce(&mut Terminal) -> T) -> T {
    shop.wait("64 products");
    shop.while_unread(|shop| {
        let before = written(shop);
        let mut last = 0;
        let mut attempts_in_vain = 0;
        until("the output is blocked", || {
            // Each needs a frame of its own: both at once change nothing.
            shop.send(if attempts_in_vain % 2 == 0 {
                b"G"
            } else {
                b"g"
            });
            let now = written(shop);
            attempts_in_vain = if now == last { attempts_in_vain + 1 } else { 0 };
            last = now;
            // A program that had no processor writes nothing, either.
            attempts_in_vain > 20 && !shop.takes_output()
        });
        assert!(last > before + 10_000, "{before} to {last} bytes");
        act(shop)
    })
}

#[test]
fn every_deadly_signal_leaves_a_whole_terminal() {
    let server = Server::with_demo();
    for signal in DEADLY {
        let mut shop = shop(&server, "alice", "ann");
        send(&shop, signal);
        let status = shop.wait_exit().exit_code();
        assert_eq!(status, 128 + signal as u32, "{signal}");
        shop.assert_restored();
    }
}

#[test]
fn a_signal_right_after_the_start_leaves_a_whole_terminal() {
    let server = Server::with_demo();
    for _ in 0..5 {
        let mut shop = opening(&server);
        until("the terminal is taken", || !shop.is_cooked());
        send(&shop, Signal::SIGTERM);
        shop.wait_exit();
        shop.assert_restored();
    }
}

#[test]
fn a_terminal_that_does_not_read_is_left_whole() {
    let server = Server::with_demo();
    for end in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT] {
        let mut shop = silent_shop(&server);
        with_blocked_output(&mut shop, |shop| {
            send(shop, end);
            until("the line is restored", || shop.is_cooked());
            until("the program ends", || shop.exit_status().is_some());
        });
        assert_eq!(shop.wait_exit().exit_code(), 128 + end as u32);
        shop.assert_restored();
    }

    let mut shop = silent_shop(&server);
    with_blocked_output(&mut shop, |shop| {
        shop.send(b"q");
        until("the line is restored", || shop.is_cooked());
        until("the program ends", || shop.exit_status().is_some());
    });
    assert_eq!(shop.wait_exit().exit_code(), 0);
    shop.assert_restored();
}

#[test]
fn a_terminal_that_stops_reading_after_it_has_answered_is_left_whole() {
    let server = Server::with_demo();
    let mut shop = opening(&server);
    shop.wait("● live");
    shop.wait("64 products");
    shop.while_unread(|shop| {
        let before = written(shop);
        shop.send(b"G");
        until("a frame is written", || written(shop) > before);
        shop.send(b"q");
        until("the line is restored", || shop.is_cooked());
        until("the program ends", || shop.exit_status().is_some());
    });
    assert_eq!(shop.wait_exit().exit_code(), 0);
    shop.assert_restored();
}

#[test]
fn a_password_prompt_never_leaves_a_terminal_without_echo() {
    let server = Server::start_with(
        &harness::server::binaries()[0],
        &["--requirepass", "s3cret"],
    );
    let ends: [fn(&mut Terminal); 3] = [
        |terminal| terminal.send(b"\x03"),
        |terminal| send(terminal, Signal::SIGTERM),
        |terminal| send(terminal, Signal::SIGUSR1),
    ];
    for arguments in [&[][..], &["cart"][..]] {
        for end in ends {
            let mut all = vec!["--redis", server.url(), "--user", "alice"];
            all.extend(arguments);
            let mut terminal = Terminal::builder(TROLLEY)
                .args(&all)
                .home(server.dir())
                .open();
            terminal.wait("^Password for ");
            end(&mut terminal);
            assert!(!terminal.wait_exit().success());
            assert!(terminal.is_cooked(), "typed text would not show");
        }
    }
}

#[test]
fn a_terminal_in_non_blocking_mode_shows_whole_frames() {
    let server = Server::with_demo();
    // The flag belongs to the open terminal, which the shop shares with whoever set it.
    let script = format!(
        "perl -e 'use Fcntl; fcntl(STDOUT, F_SETFL, O_NONBLOCK | O_RDWR)' || exit 3; \
         exec {TROLLEY} --redis {} --user alice",
        server.url()
    );
    let mut shop = Terminal::builder("sh")
        .args(&["-c", &script])
        .home(server.dir())
        .without_status()
        .open();
    shop.wait("64 products");

    with_blocked_output(&mut shop, |_| ());
    shop.keys("/ sourdough enter");
    shop.wait("Sourdough Loaf");
    shop.keys("a");
    shop.wait("1 Sourdough Loaf");
    shop.resize(100, 30);
    shop.wait("1 Sourdough Loaf");
    shop.keys("q");
    assert_eq!(shop.wait_exit().exit_code(), 0);
    shop.assert_restored();
}

#[test]
fn a_pipe_in_non_blocking_mode_gets_all_output() {
    let server = Server::start();
    harness::ok(&server, &["demo"]);
    let long = "x".repeat(4_000);
    for n in 0..60 {
        server.cmd(&format!("HSET product:n{n} name {long} price 1.00"));
    }

    let (reader, writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut command = trolley(
        server.dir(),
        &["--redis", server.url(), "export", "--format", "csv", "-"],
    );
    let mut child = Running::spawn(command.stdin(Stdio::null()).stdout(Stdio::from(writer)));
    drop(command);

    // It has filled the pipe before anybody reads.
    until("the pipe is full", || {
        rustix::io::ioctl_fionread(&reader).unwrap() >= 60_000
    });
    let all = Lines::of(reader).rest("the catalog");
    assert!(child.wait().success());
    assert_eq!(String::from_utf8(all).unwrap().lines().count(), 1 + 64 + 60);
}

#[test]
fn all_input_of_a_pipe_in_non_blocking_mode_is_read() {
    let server = Server::with_demo();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&reader).unwrap();
    rustix::fs::fcntl_setfl(&reader, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut command = trolley(server.dir(), &["--redis", server.url(), "import", "-"]);
    let mut child = Running::spawn(command.stdin(Stdio::from(reader)).stdout(Stdio::null()));
    drop(command);

    // The second line comes when the program has read the first and waits.
    writer
        .write_all(b"id,name,price\nlate,Late,1.00\n")
        .unwrap();
    until("the first lines are read", || {
        rustix::io::ioctl_fionread(&writer).unwrap() == 0
    });
    writer.write_all(b"later,Later,2.00\n").unwrap();
    drop(writer);
    assert!(child.wait().success());
    assert_eq!(server.get("HGET product:later price"), "2.00");
}

#[test]
fn a_terminal_without_a_size_is_drawn_all_the_same() {
    let server = Server::with_demo();
    for (variables, columns, rows) in [(false, 80, 24), (true, 100, 30)] {
        let mut builder = Terminal::builder(TROLLEY)
            .args(&["--redis", server.url(), "--user", "alice"])
            .home(server.dir())
            .without_size();
        if variables {
            builder = builder.env("COLUMNS", "100").env("LINES", "30");
        }
        let shop = builder.open();
        shop.wait("64 products");
        // The right end of the first frame's bottom.
        shop.wait_until("the frame does not fill the screen", |screen| {
            let corner = screen.cell(rows - 3, columns - 1);
            corner.is_some_and(|cell| cell.contents() == "╯")
        });
    }
}

/// Answers to questions that nobody asked, or that come late.
const REPLIES: [&[u8]; 9] = [
    b"\x1b[0n",
    b"\x1b[3n\x1b[0;0n\x1b[0n\x1b[0n\x1b[0n",
    b"\x1b[>0;10;1c",
    b"\x1b[=c",
    b"\x1b[?62;22c",
    b"\x1b[12;40R",
    b"\x1b_Gi=31;OK\x1b\\",
    b"\x1bP>|tmux 3.4\x1b\\",
    b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
];

/// Waits until so many pieces are saved, and checks that all are of one product.
fn assert_one_line(server: &Server, pieces: usize) {
    let lines = || server.get_list("ZRANGE cart:alice 0 -1");
    let saved = |id: &String| {
        let quantity = server.get(&format!("ZSCORE cart:alice {id}"));
        quantity.parse::<usize>().unwrap()
    };
    until("all pieces are saved", || {
        lines().iter().map(saved).sum::<usize>() == pieces
    });
    assert_eq!(lines().len(), 1);
}

#[test]
fn replies_that_nobody_waits_for_neither_type_nor_swallow_keys() {
    let server = Server::with_demo();
    let mut shop = shop(&server, "alice", "ann");
    shop.wait("64 products");

    for (count, reply) in (1..).zip(REPLIES) {
        shop.send(&[reply, b"a"].concat());
        shop.wait(&format!("{count} items? "));
    }
    assert_one_line(&server, REPLIES.len());

    // Not even one without an end keeps the program.
    shop.send(b"\x1b_Gi=31;OK\x03");
    shop.wait_exit();
    shop.assert_restored();
}

#[test]
fn in_a_real_tmux_a_late_reply_does_no_harm() {
    if harness::command("tmux").arg("-V").output().is_err() {
        println!("skipped: tmux is not installed");
        return;
    }

    let server = Server::with_demo();
    let socket = server.dir().join("tmux");
    let socket = socket.to_str().unwrap();
    let shop_line = format!("{TROLLEY} --redis {} --user alice", server.url());
    let mut tmux = Terminal::builder("tmux")
        .args(&["-S", socket, "-f", "/dev/null", "new-session", &shop_line])
        .home(server.dir())
        .open();
    tmux.wait("64 products");

    // tmux answers whatever is written to its pane that is a question.
    let mut ask = harness::command("tmux");
    let asked = ask.args(["-S", socket, "display-message", "-p", "#{pane_tty}"]);
    let told = harness::Finish::finish(asked).stdout;
    let pane = String::from_utf8(told).unwrap();
    for (count, question) in
        (1..).zip(["\x1b[>c", "\x1b[c", "\x1b[6n", "\x1b[>q", "\x1b]11;?\x1b\\"])
    {
        std::fs::write(pane.trim(), question).unwrap();
        tmux.send(b"a");
        tmux.wait(&format!("{count} items? "));
    }

    assert_one_line(&server, 5);
    tmux.send(b"q");
    assert!(tmux.wait_exit().success());
    tmux.assert_restored();
}

/// Everything that the shop writes to a terminal with these variables until its catalog shows.
fn written_with(server: &Server, variables: &[(&'static str, &str)], arguments: &[&str]) -> String {
    let mut all = vec!["--redis", server.url(), "--user", "alice"];
    all.extend(arguments);
    let mut builder = Terminal::builder(TROLLEY).args(&all).home(server.dir());
    for (name, value) in variables {
        builder = builder.env(name, value);
    }

    let shop = builder.open();
    shop.wait("6[45] products");
    shop.wait("Espresso");
    String::from_utf8_lossy(&shop.raw()).into_owned()
}

#[test]
fn colours_are_those_that_the_terminal_knows() {
    let server = Server::with_demo();
    let palette = [("TERM", "screen-256color"), ("COLORTERM", "")];
    for arguments in [&[][..], &["--theme", "dark"], &["--theme", "light"]] {
        let written = written_with(&server, &palette, arguments);
        assert!(written.contains("\x1b[38;5;") && !written.contains("38;2;"));
        assert!(!written.contains("48;2;"));

        let written = written_with(&server, &[("TERM", "tmux-256color")], arguments);
        assert!(written.contains("38;2;"), "COLORTERM says truecolor");
    }
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let server = Server::with_demo();
    server.cmd("HSET product:creme name Crème price 1.00");
    for variables in [
        &[("LANG", "C")][..],
        &[("LANG", "en_US.UTF-8"), ("LC_ALL", "POSIX")],
        &[("TERM", "linux")],
    ] {
        let written = written_with(&server, variables, &[]);
        assert!(written.is_ascii(), "{variables:?}: {written:?}");
    }

    // The setting is stronger than the environment, in both directions.
    let written = written_with(&server, &[("LANG", "C.UTF-8")], &["--ascii"]);
    assert!(written.is_ascii(), "{written:?}");
    let written = written_with(&server, &[("LANG", "C")], &["--ascii=false"]);
    assert!(written.contains("Crème"), "{written:?}");
}
