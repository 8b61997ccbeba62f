//! Secure connections: an authority made for the test, client certificates, passwords.

use crate::harness;

use harness::server::{binaries, free_port};
use harness::tls::{Certificates, secure, secure_on};
use harness::{Finish, Server, TROLLEY, Terminal, trolley, until};
use std::path::Path;
use std::process::Output;

fn run(home: &Path, args: &[&str], environment: &[(&str, &str)]) -> Output {
    trolley(home, args)
        .envs(environment.iter().copied())
        .finish()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_way_there_is_secure_or_there_is_none() {
    let papers = Certificates::make();
    let (server, port) = secure(&papers, &["--tls-auth-clients", "no"]);
    let url = format!("rediss://localhost:{port}");
    let (ca, stranger) = (papers.text("ca.crt"), papers.text("stranger.crt"));
    let demo = run(
        server.dir(),
        &["--redis", &url, "--tls-ca", &ca, "demo"],
        &[],
    );
    assert!(demo.status.success(), "{}", said(&demo));
    // The settings file and the environment do the same.
    let settings = format!("redis = '{url}'\ntls_ca = '{ca}'\n");
    std::fs::write(papers.path("config.toml"), settings).unwrap();
    let by_file = run(
        server.dir(),
        &["cart"],
        &[("TROLLEY_CONFIG", &papers.text("config.toml"))],
    );
    assert!(by_file.status.success(), "{}", said(&by_file));
    // An authority that is not ours, or none at all.
    for args in [
        &["--redis", &url, "--tls-ca", &stranger, "cart"][..],
        &["--redis", &url, "cart"],
    ] {
        let refused = run(server.dir(), args, &[]);
        assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
        assert!(
            said(&refused).contains("no secure connection"),
            "{}",
            said(&refused)
        );
    }
    for (args, why) in [
        (
            &[
                "--tls-ca",
                &papers.text("server.key"),
                "--redis",
                "redis://h",
                "cart",
            ][..],
            "rediss://",
        ),
        (
            &["--tls-ca", "/nowhere", "--redis", &url, "cart"],
            "/nowhere",
        ),
        (&["--tls-cert", &ca, "--redis", &url, "cart"], "tls_key"),
    ] {
        let refused = run(server.dir(), args, &[]);
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        assert!(said(&refused).contains(why), "{}", said(&refused));
    }
    let mut ann = Terminal::builder(TROLLEY)
        .args(&["--redis", &url, "--tls-ca", &ca, "--user", "alice"])
        .home(server.dir())
        .open();
    ann.wait("64 products");
    ann.keys("/ espresso enter 3 a");
    ann.wait(r"3 Espresso .* 7\.20");
    // The screen shows it before the server has done it.
    until("it is added", || {
        server.get("ZSCORE cart:alice espresso") == "3"
    });
}

#[test]
fn the_board_is_live_by_a_secure_connection() {
    let papers = Certificates::make();
    let (server, port) = secure(&papers, &["--tls-auth-clients", "no"]);
    let url = format!("rediss://localhost:{port}");
    let ca = papers.text("ca.crt");
    let at = ["--redis", &url, "--tls-ca", &ca, "--user", "alice"];
    server.cmd("HSET product:tea name Tea price 2.40");
    let mut mia = Terminal::builder(TROLLEY)
        .args(&[&at[..], &["--name", "mia", "board"]].concat())
        .home(server.dir())
        .open();
    mia.wait("No open orders");

    for command in [&["add", "tea"][..], &["checkout", "--yes"]] {
        let done = run(server.dir(), &[&at[..], command].concat(), &[]);
        assert!(done.status.success(), "{}", said(&done));
    }
    mia.wait("#1 alice");
    mia.keys("1 enter");
    mia.wait("▸ #1 alice");
    mia.keys_until("enter", "accepted · mia");
}

#[test]
fn a_server_may_want_to_see_a_certificate() {
    let papers = Certificates::make();
    let (server, port) = secure(&papers, &["--tls-auth-clients", "yes"]);
    let url = format!("rediss://localhost:{port}");
    let ca = papers.text("ca.crt");
    let (cert, key) = (papers.text("client.crt"), papers.text("client.key"));
    let with = [
        "--redis",
        &url,
        "--tls-ca",
        &ca,
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "demo",
    ];
    let demo = run(server.dir(), &with, &[]);
    assert!(demo.status.success(), "{}", said(&demo));
    let without = run(
        server.dir(),
        &["--redis", &url, "--tls-ca", &ca, "demo"],
        &[],
    );
    assert_eq!(without.status.code(), Some(3), "{}", said(&without));
    assert!(
        said(&without).contains("--tls-cert and its key with --tls-key"),
        "{}",
        said(&without)
    );
    let (cert, key) = (papers.text("intruder.crt"), papers.text("intruder.key"));
    let with = [
        "--redis",
        &url,
        "--tls-ca",
        &ca,
        "--tls-cert",
        &cert,
        "--tls-key",
        &key,
        "demo",
    ];
    let refused = run(server.dir(), &with, &[]);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(
        said(&refused).contains("refuses the certificate"),
        "{}",
        said(&refused)
    );
    // A screen that is open says so, too.
    let ann = Terminal::builder(TROLLEY)
        .args(&["--redis", &url, "--tls-ca", &ca])
        .home(server.dir())
        .open();
    ann.wait("wants to see a certificate");
}

#[test]
fn a_port_that_speaks_otherwise_is_named() {
    let papers = Certificates::make();
    let (server, port) = secure(&papers, &["--tls-auth-clients", "no"]);
    let plain = run(
        server.dir(),
        &["--redis", &format!("redis://localhost:{port}"), "cart"],
        &[],
    );
    assert_eq!(plain.status.code(), Some(3));
    assert!(
        said(&plain).contains("write rediss:// for redis://"),
        "{}",
        said(&plain)
    );

    // A terminal ends with that, too: waiting mends no address.
    let screen = Terminal::builder(TROLLEY)
        .args(&["--redis", &format!("redis://localhost:{port}")])
        .home(server.dir())
        .open();
    screen.wait("write rediss:// for redis://");

    let port = free_port().to_string();
    let open = Server::start_with(&binaries()[0], &["--port", &port, "--bind", "127.0.0.1"]);
    let secured = run(
        open.dir(),
        &["--redis", &format!("rediss://localhost:{port}"), "cart"],
        &[],
    );
    assert!(
        said(&secured).contains("write redis:// for rediss://"),
        "{}",
        said(&secured)
    );
}

/// The certificates are for localhost and 127.0.0.1.
#[test]
fn a_cluster_that_announces_other_names_than_its_certificates_is_told() {
    let papers = Certificates::make();
    let port = free_port().to_string();
    let (bus, ca) = (free_port().to_string(), papers.text("ca.crt"));
    let cluster = [
        "--cluster-enabled",
        "yes",
        "--tls-cluster",
        "yes",
        "--cluster-port",
        &bus,
        "--tls-auth-clients",
        "no",
        "--bind",
        "127.0.0.1",
        "127.0.0.2",
        "--cluster-announce-ip",
        "127.0.0.2",
        "--cluster-announce-tls-port",
        &port,
    ];
    let (node, port) = secure_on(&papers, port.parse().unwrap(), &cluster);
    node.cmd("CLUSTER ADDSLOTSRANGE 0 16383");
    until("the cluster is ready", || {
        node.get("CLUSTER INFO").contains("cluster_state:ok")
    });

    let url = format!("rediss+cluster://localhost:{port}");
    let args = ["--redis", &url, "--tls-ca", &ca, "cart"];
    let refused = run(node.dir(), &args, &[]);
    assert_eq!(refused.status.code(), Some(3));
    for part in ["127.0.0.2", "not valid for name", "announce names"] {
        assert!(said(&refused).contains(part), "{}", said(&refused));
    }

    let screen = Terminal::builder(TROLLEY)
        .args(&args[..4])
        .home(node.dir())
        .open();
    screen.wait("announce names");
}

#[test]
fn passwords_come_by_file_environment_or_prompt_and_never_show() {
    let server = Server::start();
    let home = server.dir();
    server.cmd("ACL SETUSER ann on >s3cret ~* &* +@all");
    server.cmd("CONFIG SET requirepass s3cret");
    let url = server.url().to_owned();
    let secret = home.join("secret");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let path = secret.display().to_string();
    let open_to_all = run(
        home,
        &["--redis", &url, "--password-file", &path, "cart"],
        &[],
    );
    assert!(
        said(&open_to_all).contains("chmod 600"),
        "{}",
        said(&open_to_all)
    );
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut outputs = Vec::new();
    let log = home.join("log").display().to_string();
    for (args, environment) in [
        (
            vec!["--redis", &url, "--password-file", &path, "demo"],
            vec![],
        ),
        (
            vec!["--redis", &url, "add", "espresso"],
            vec![("TROLLEY_PASSWORD", "s3cret"), ("TROLLEY_LOG", &log)],
        ),
        (
            vec!["--redis", &url, "config"],
            vec![("TROLLEY_PASSWORD", "s3cret")],
        ),
        (
            vec!["cart"],
            vec![("TROLLEY_PASSWORD_FILE", &path), ("TROLLEY_REDIS", &url)],
        ),
    ] {
        let output = run(home, &args, &environment);
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        assert!(!said(&output).contains("password"), "{}", said(&output));
        outputs.push(output);
    }
    // On the command line it works, with a warning.
    let shown = format!("{url}?user=ann&pass=s3cret");
    let warned = run(home, &["--redis", &shown, "cart"], &[]);
    assert!(
        warned.status.success() && said(&warned).contains("--password-file"),
        "{}",
        said(&warned)
    );
    outputs.push(warned);
    // Whatever the environment says.
    let warned = trolley(home, &["--redis", &shown, "cart"])
        .env("TROLLEY_REDIS", &url)
        .finish();
    assert!(
        warned.status.success() && said(&warned).contains("--password-file"),
        "{}",
        said(&warned)
    );
    outputs.push(warned);
    // In the environment nobody sees it.
    let quiet = run(home, &["cart"], &[("TROLLEY_REDIS", &shown)]);
    assert!(
        quiet.status.success() && !said(&quiet).contains("--password-file"),
        "{}",
        said(&quiet)
    );
    outputs.push(quiet);
    // A wrong one is not repeated.
    let wrong = run(
        home,
        &["--redis", &url, "cart"],
        &[("TROLLEY_PASSWORD", "s3cret-not")],
    );
    assert_eq!(wrong.status.code(), Some(3));
    outputs.push(wrong);
    let mut all: Vec<u8> = outputs
        .into_iter()
        .flat_map(|output| [output.stdout, output.stderr].concat())
        .collect();
    let log = std::fs::read(log).unwrap();
    assert!(
        String::from_utf8_lossy(&log).contains("outcome=\"applied\""),
        "{}",
        String::from_utf8_lossy(&log)
    );
    all.extend(log);
    // Somebody who sits there is asked.
    let mut ann = Terminal::builder(TROLLEY)
        .args(&["--redis", &url, "--user", "alice"])
        .home(home)
        .open();
    ann.wait("^Password for unix://");
    ann.send(b"s3cre\r");
    ann.wait("Wrong password. Password for unix://");
    ann.send(b"s3cret\r");
    ann.wait("64 products");
    all.extend(ann.raw());
    assert!(!String::from_utf8_lossy(&all).contains("s3cret"));
}
