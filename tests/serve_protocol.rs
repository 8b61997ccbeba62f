//! The shop by SSH, and clients that ask for whatever the protocol knows, in any order.

use crate::harness;

use harness::ssh::AnyHost;
use harness::terminal::emulator;
use harness::{Finish, Served, in_time};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use russh::client::{self, Handle, Msg};
use russh::keys::{PrivateKeyWithHashAlg, load_secret_key};
use russh::{Channel, ChannelMsg, Pty, Sig};
use std::sync::Arc;

/// Ann's connection, once she has logged in.
async fn connect(served: &Served) -> Handle<AnyHost> {
    let config = Arc::new(client::Config::default());
    let connecting = client::connect(config, served.address(), AnyHost);
    let mut connection = in_time("a connection", connecting).await.unwrap();

    let key = load_secret_key(served.folder.file("ann"), None).unwrap();
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let login = connection.authenticate_publickey("visitor", key);
    assert!(in_time("the login", login).await.unwrap().success());
    connection
}

async fn open(connection: &Handle<AnyHost>) -> Channel<Msg> {
    let opening = connection.channel_open_session();
    in_time("a channel", opening).await.unwrap()
}

/// Waits for the answer to a request: whether it was granted.
async fn is_granted(channel: &mut Channel<Msg>) -> bool {
    loop {
        match in_time("an answer", channel.wait()).await {
            Some(ChannelMsg::Success) => return true,
            Some(ChannelMsg::Failure) => return false,
            Some(_) => {}
            None => panic!("the channel is closed"),
        }
    }
}

/// Asks for the shop on a terminal of this size.
async fn open_shop(connection: &Handle<AnyHost>, columns: u32, rows: u32) -> Channel<Msg> {
    let mut channel = open(connection).await;
    let term = "xterm-256color";
    let asking = channel.request_pty(true, term, columns, rows, 0, 0, &[(Pty::ECHO, 1)]);
    asking.await.unwrap();
    assert!(is_granted(&mut channel).await);
    channel.request_shell(true).await.unwrap();
    assert!(is_granted(&mut channel).await);
    channel
}

/// Reads what the screen shows until it is this.
async fn wait_for(channel: &mut Channel<Msg>, size: (u16, u16), what: &str) -> vt100::Parser {
    let mut parser = emulator(size.0, size.1);
    while !parser.screen().contents().contains(what) {
        match in_time(what, channel.wait()).await {
            Some(ChannelMsg::Data { data }) => parser.process(&data),
            Some(_) => {}
            None => panic!("the channel is closed:\n{}", parser.screen().contents()),
        }
    }
    parser
}

/// Who asks to be let in again and again fills no log.
#[tokio::test]
async fn a_refusal_is_written_down_once() {
    let served = Served::office();
    let config = Arc::new(client::Config::default());
    let connecting = client::connect(config, served.address(), AnyHost);
    let mut connection = in_time("a connection", connecting).await.unwrap();

    for _ in 0..3 {
        let asking = connection.authenticate_keyboard_interactive_start("visitor", None);
        in_time("an explanation", asking).await.unwrap();
        let reading = connection.authenticate_keyboard_interactive_respond(Vec::new());
        in_time("a refusal", reading).await.unwrap();
    }
    assert_eq!(served.log().matches("INFO refused ").count(), 1);
}

#[tokio::test]
async fn no_size_is_too_small_or_too_large() {
    let served = Served::office();
    let connection = connect(&served).await;
    for (told, drawn) in [
        ((0, 0), (80_u16, 24_u16)),
        ((0, 40), (80, 24)),
        ((u32::MAX, u32::MAX), (500, 200)),
        ((120, u32::MAX), (120, 200)),
        ((1, 1), (1, 1)),
    ] {
        let mut channel = open_shop(&connection, told.0, told.1).await;
        let is_told = told.0 > 0 && told.1 > 0;
        // Of a flood of sizes (10,000 in all) the last counts, and one without a length keeps the one
        // before.
        let sizes = [if is_told { (7, 7) } else { told }, told, (0, 0)];
        for (columns, rows) in sizes.repeat(700) {
            channel.window_change(columns, rows, 0, 0).await.unwrap();
        }

        if drawn.0 > 1 {
            channel.data_bytes(&b"?"[..]).await.unwrap();
            let parser = wait_for(&mut channel, (500, 200), "Esc close").await;
            let rows: Vec<String> = parser.screen().rows(0, 500).collect();
            let last = rows.iter().rposition(|row| row.contains("Esc close"));
            assert_eq!(last, Some(usize::from(drawn.1) - 1), "{told:?}");
        }
        channel.close().await.unwrap();
    }
}

#[tokio::test]
async fn what_there_is_not_is_refused() {
    let served = Served::office();
    let connection = connect(&served).await;
    let mut channel = open(&connection).await;

    channel.request_x11(true, false, "x", "y", 0).await.unwrap();
    assert!(!is_granted(&mut channel).await);
    channel.agent_forward(true).await.unwrap();
    assert!(!is_granted(&mut channel).await);
    channel.request_subsystem(true, "sftp").await.unwrap();
    assert!(!is_granted(&mut channel).await);
    for (name, value) in [
        ("LD_PRELOAD", "x"),
        ("PATH", "x"),
        ("LANG", &"x".repeat(300)),
    ] {
        channel.set_env(true, name, value).await.unwrap();
        assert!(!is_granted(&mut channel).await, "{name}");
    }

    assert!(connection.tcpip_forward("0.0.0.0", 0).await.is_err());
    assert!(connection.streamlocal_forward("/tmp/x").await.is_err());
    let own = served.address();
    let port = u32::from(own.port());
    let forwarding = connection.channel_open_direct_tcpip("127.0.0.1", port, "x", 1);
    assert!(in_time("an answer", forwarding).await.is_err());

    // The channel is as good as before.
    channel
        .request_pty(true, "xterm", 80, 24, 0, 0, &[])
        .await
        .unwrap();
    assert!(is_granted(&mut channel).await);
    channel
        .request_pty(true, "xterm", 80, 24, 0, 0, &[])
        .await
        .unwrap();
    assert!(!is_granted(&mut channel).await);
    channel.request_shell(true).await.unwrap();
    assert!(is_granted(&mut channel).await);
    channel.request_shell(true).await.unwrap();
    assert!(!is_granted(&mut channel).await);
    channel.exec(true, "sh").await.unwrap();
    assert!(!is_granted(&mut channel).await);
    wait_for(&mut channel, (80, 24), "64 products").await;
}

#[tokio::test]
async fn an_empty_command_opens_the_screen() {
    let served = Served::office();
    let connection = connect(&served).await;
    let mut channel = open(&connection).await;
    channel
        .request_pty(true, "xterm", 80, 24, 0, 0, &[])
        .await
        .unwrap();
    assert!(is_granted(&mut channel).await);
    channel.exec(true, " ").await.unwrap();
    assert!(is_granted(&mut channel).await);
    wait_for(&mut channel, (80, 24), "64 products").await;
}

#[tokio::test]
async fn only_variables_that_say_how_a_terminal_is_are_taken() {
    let served = Served::office();
    let connection = connect(&served).await;
    let mut channel = open(&connection).await;
    let mut granted = 0;
    for n in 0..500 {
        let name = format!("LC_{n}");
        channel.set_env(true, name, "x").await.unwrap();
        granted += usize::from(is_granted(&mut channel).await);
    }
    assert_eq!(granted, 0);

    let long = "x".repeat(257);
    for (name, value, is_taken) in [
        ("LC_ALL", "C", true),
        ("LC_ALL", "C.UTF-8", true),
        ("TROLLEY_ALERTS", "none", true),
        ("TROLLEY_HOURS", "12", true),
        ("TERM_PROGRAM", &long, false),
        ("PATH", "/bin", false),
    ] {
        channel.set_env(true, name, value).await.unwrap();
        assert_eq!(is_granted(&mut channel).await, is_taken, "{name}");
    }
}

#[tokio::test]
async fn a_connection_has_ten_channels_and_gets_them_back() {
    let served = Served::office();
    let connection = connect(&served).await;
    let mut channels = Vec::new();
    for _ in 0..10 {
        channels.push(open(&connection).await);
    }
    assert!(
        in_time("an answer", connection.channel_open_session())
            .await
            .is_err()
    );

    let closing = channels.pop().unwrap();
    closing.close().await.unwrap();
    harness::patience::answered("a channel", async || {
        connection.channel_open_session().await
    })
    .await;
}

#[tokio::test]
async fn screens_that_have_ended_do_not_count() {
    let served = Served::office();
    let connection = connect(&served).await;
    for _ in 0..15 {
        let mut channel = open_shop(&connection, 80, 24).await;
        wait_for(&mut channel, (80, 24), "64 products").await;
        channel.data_bytes(&b"q"[..]).await.unwrap();
        while !matches!(
            in_time("the end", channel.wait()).await,
            Some(ChannelMsg::Close) | None
        ) {}
    }
}

#[tokio::test]
async fn commands_count_until_they_have_said_all() {
    let served = Served::office();
    let connection = connect(&served).await;
    for _ in 0..25 {
        let mut channel = open(&connection).await;
        channel.exec(true, "cart").await.unwrap();
        let mut printed = Vec::new();
        while let Some(message) = in_time("the end", channel.wait()).await {
            match message {
                ChannelMsg::Data { data } => printed.extend_from_slice(&data),
                ChannelMsg::Close => break,
                _ => {}
            }
        }
        assert_eq!(printed, b"The cart of office is empty\n");
    }

    // Those that watch go on, and there is no room for an eleventh.
    let mut watching = Vec::new();
    for _ in 0..10 {
        let channel = open(&connection).await;
        channel.exec(true, "watch --json").await.unwrap();
        watching.push(channel);
    }
    assert!(
        in_time("an answer", connection.channel_open_session())
            .await
            .is_err()
    );

    watching.pop().unwrap().close().await.unwrap();
    harness::patience::answered("a channel", async || {
        connection.channel_open_session().await
    })
    .await;
}

#[tokio::test]
async fn who_has_to_leave_begins_nothing() {
    let served = Served::office();
    let connection = connect(&served).await;
    let mut screen = open_shop(&connection, 80, 24).await;
    wait_for(&mut screen, (80, 24), "64 products").await;
    let mut waiting = open(&connection).await;

    let ended = harness::trolley(served.folder.path(), &["serve", "end", "1"]).finish();
    assert!(ended.status.success(), "{ended:?}");
    // The answer is a refusal, or none any more.
    let _ = waiting.exec(true, "add espresso 1").await;
    while let Some(message) = in_time("the end of the channel", waiting.wait()).await {
        assert!(!matches!(message, ChannelMsg::Success), "{message:?}");
        if matches!(message, ChannelMsg::Failure) {
            break;
        }
    }
    assert_eq!(served.redis.get("EXISTS cart:office"), "0");
}

#[tokio::test]
async fn the_input_of_a_client_that_is_gone_ends_its_screen() {
    let served = Served::office();
    let connection = connect(&served).await;
    let mut channel = open_shop(&connection, 80, 24).await;
    wait_for(&mut channel, (80, 24), "64 products").await;
    channel.eof().await.unwrap();

    let mut status = None;
    while let Some(message) = in_time("the end", channel.wait()).await {
        if let ChannelMsg::ExitStatus { exit_status } = message {
            status = Some(exit_status);
        }
    }
    assert_eq!(status, Some(129));
}

/// Something that a client may send on a channel.
#[derive(Debug, Clone)]
enum Step {
    Pty(String, u32, u32),
    Variable(String, String),
    Shell,
    Command(Vec<u8>),
    Subsystem(String),
    Size(u32, u32),
    Data(Vec<u8>),
    Signal,
    Eof,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![Just(0), Just(1), Just(80), Just(u32::MAX), any::<u32>()];
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        (".{0,20}", size.clone(), size.clone())
            .prop_map(|(term, columns, rows)| Step::Pty(term, columns, rows)),
        ("[A-Z_]{0,12}", ".{0,40}").prop_map(|(name, value)| Step::Variable(name, value)),
        Just(Step::Shell),
        Just(Step::Shell),
        bytes.clone().prop_map(Step::Command),
        ".{0,10}".prop_map(Step::Subsystem),
        (size.clone(), size).prop_map(|(columns, rows)| Step::Size(columns, rows)),
        bytes.prop_map(Step::Data),
        Just(Step::Signal),
        Just(Step::Eof),
        Just(Step::Close),
    ]
}

/// Sends a step, and waits for no answer. A channel that is closed takes none.
async fn send(channel: &Channel<Msg>, step: Step) {
    let _ = match step {
        Step::Pty(term, columns, rows) => {
            channel
                .request_pty(true, &term, columns, rows, 0, 0, &[])
                .await
        }
        Step::Variable(name, value) => channel.set_env(true, name, value).await,
        Step::Shell => channel.request_shell(true).await,
        Step::Command(command) => channel.exec(true, command).await,
        Step::Subsystem(name) => channel.request_subsystem(true, name).await,
        Step::Size(columns, rows) => channel.window_change(columns, rows, 0, 0).await,
        Step::Data(data) => channel.data_bytes(data).await,
        Step::Signal => channel.signal(Sig::TERM).await,
        Step::Eof => channel.eof().await,
        Step::Close => channel.close().await,
    };
}

#[test]
fn no_order_of_requests_breaks_the_server() {
    let served = Served::office();
    let tokio = tokio::runtime::Runtime::new().unwrap();
    let connection = tokio.block_on(connect(&served));
    let programs = proptest::collection::vec(step(), 0..12);

    TestRunner::new(ProptestConfig::with_cases(64))
        .run(&programs, |steps| {
            tokio.block_on(async {
                let channel = open(&connection).await;
                for step in steps {
                    in_time("a step", send(&channel, step)).await;
                }
                let _ = channel.close().await;
            });
            Ok(())
        })
        .unwrap();

    // The same connection still shows the shop.
    tokio.block_on(async {
        let mut channel = open_shop(&connection, 80, 24).await;
        wait_for(&mut channel, (80, 24), "64 products").await;
    });
    assert!(!served.log().contains("panic"));
}
