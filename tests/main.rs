//! All tests are modules of one program: it is linked once, and while some wait for servers and
//! clocks, others have the processors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod acl;
mod backup;
mod board;
mod board_screen;
mod board_view;
mod carts;
mod checkout;
mod checkout_view;
mod cli;
mod clock;
mod cluster;
mod cluster_parts;
mod cursor;
mod damage;
mod damage_fuzz;
mod doctor;
mod engine;
mod flows;
mod follow;
mod follow_exec;
mod frames;
mod fuzz;
mod harness;
mod hub;
mod import;
mod import_formats;
mod keys;
mod live;
mod load;
mod log;
mod looks;
mod lost_replies;
mod made_up;
mod model;
mod notes;
mod numbers;
mod order_list;
mod orders;
mod orders_cluster;
mod orders_view;
mod people_view;
mod pictures;
mod plain;
mod plain_clients;
mod port;
mod product_edits;
mod products_screen;
mod products_view;
mod reach;
mod readiness;
mod replicas;
mod rules;
mod scanner;
mod screen;
mod scripting;
mod sentinel;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "serve")]
mod serve_exec;
#[cfg(feature = "serve")]
mod serve_invites;
#[cfg(feature = "serve")]
mod serve_protocol;
mod server_clock;
mod slow;
mod slow_line;
mod split;
mod stock;
mod store;
mod terminal;
mod tls;
mod today;
mod today_view;
mod told;
mod torture;
mod trust;
mod truth;
mod views;
mod words;

#[test]
fn every_file_here_is_part_of_this_program() {
    let this = include_str!("main.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_module = path.extension().is_some_and(|ending| ending == "rs") && name != "main";
        assert!(
            !is_module || this.contains(&format!("\nmod {name};\n")),
            "tests/{name}.rs is not run: main.rs lacks `mod {name};`"
        );
    }
}
