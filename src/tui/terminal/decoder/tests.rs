use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// A silence, among pieces of input.
const SILENCE: &[u8] = b"-";

/// The messages that come of pieces of input, in words.
fn decode(pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = Decoder::default();
    let mut out = VecDeque::new();
    for piece in pieces {
        if *piece == SILENCE {
            decoder.on_timeout(&mut out);
        } else {
            decoder.feed(piece, &mut out);
        }
    }
    out.into_iter().map(in_words).collect()
}

fn in_words(message: TerminalEvent) -> String {
    match message {
        TerminalEvent::Key(key) => key.to_string(),
        TerminalEvent::Paste(text) => format!("paste {text:?}"),
        TerminalEvent::Mouse(mouse) => format!("{:?} {} {}", mouse.kind, mouse.column, mouse.row),
        other => format!("{other:?}"),
    }
}

#[test]
fn keys_whole_and_in_pieces() {
    let keys = b"aG\r\x1b[A\x1b[5~\x1bx\x03\x1b[3~\xc3\xa9\x1b[<0;5;7M";
    let whole = [
        "a",
        "G",
        "Enter",
        "↑",
        "PgUp",
        "Alt-x",
        "Ctrl-C",
        "Del",
        "é",
        "Press 4 6",
    ];

    assert_eq!(decode(&[keys]), whole);
    let pieces: Vec<&[u8]> = keys.chunks(1).collect();
    assert_eq!(decode(&pieces), whole);
}

#[test]
fn a_keypad_types_what_stands_on_it() {
    let by_application_mode = b"\x1bOp\x1bOy\x1bOk\x1bOm\x1bOj\x1bOM";
    let by_kitty = b"\x1b[57399u\x1b[57408u\x1b[57413u\x1b[57412u\x1b[57411u\x1b[57414u";
    for keys in [&by_application_mode[..], by_kitty] {
        assert_eq!(decode(&[keys]), ["0", "9", "+", "-", "*", "Enter"]);
    }
}

#[test]
fn a_lone_escape_is_a_key_after_a_moment() {
    assert_eq!(decode(&[b"\x1b"]), Vec::<String>::new());
    assert_eq!(decode(&[b"\x1b", SILENCE, b"j"]), ["Esc", "j"]);
    assert_eq!(decode(&[b"\x1b[", SILENCE, SILENCE, b"j"]), ["j"]);
}

#[test]
fn pastes_whole_and_in_pieces() {
    let paste = b"\x1b[200~a\nq\x1b[201~b";
    assert_eq!(decode(&[paste]), ["paste \"a\\nq\"", "b"]);
    assert_eq!(
        decode(&paste.chunks(1).collect::<Vec<_>>()),
        ["paste \"a\\nq\"", "b"]
    );
}

#[test]
fn a_paste_that_never_ends_swallows_no_keys() {
    assert_eq!(
        decode(&[b"\x1b[200~x", SILENCE, b"j"]),
        ["paste \"x\"", "j"]
    );
    assert_eq!(
        decode(&[b"\x1b[200~x", b"j\x03"]),
        ["paste \"xj\"", "Ctrl-C"]
    );
}

#[test]
fn the_rest_of_a_slow_paste_is_no_keys() {
    let rest = [b'q'; 100];
    let slow = decode(&[b"\x1b[200~x", SILENCE, &rest, b"\x1b[201~", b"j"]);
    assert_eq!(
        slow,
        ["paste \"x\"", &format!("paste {:?}", "q".repeat(100)), "j"]
    );
}

#[test]
fn text_after_an_overdue_paste_is_not_lost() {
    let late = [b'q'; 100];
    let expected = format!("paste {:?}", "q".repeat(100));

    assert_eq!(
        decode(&[b"\x1b[200~x", SILENCE, &late, SILENCE, b"j"]),
        ["paste \"x\"", &expected, "j"]
    );
    assert_eq!(
        decode(&[b"\x1b[200~x", SILENCE, &late, b"j"]),
        ["paste \"x\"", &expected, "j"]
    );
    // Its end is one even where it is cut.
    assert_eq!(
        decode(&[b"\x1b[200~x\x1b[20", SILENCE, b"1~", b"j"]),
        ["paste \"x\"", "j"]
    );
}

#[test]
fn sequences_that_nobody_asked_for_are_ignored() {
    let replies: [&[u8]; 18] = [
        b"\x1b[>0;10;1c",
        b"\x1b[>84;0;0c",
        b"\x1b[=0c",
        b"\x1b[=c",
        b"\x1b[?62;22c",
        b"\x1b[?2026;2$y",
        b"\x1b[12;40R",
        b"\x1b[!p",
        b"\x1b[;c",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1bP>|tmux 3.4\x1b\\",
        b"\x1b]10;rgb:1e1e/1e1e/1e1e\x1b\\",
        b"\x1b]10;rgb:1e1e/1e1e/1e1e\x07",
        b"\x1b^private\x1b\\",
        // They hold nothing.
        b"\x1b]\x07",
        b"\x1b]\x1b\\",
        b"\x1bP\x1b\\",
        b"\x1b_\x1b\\",
    ];

    for reply in replies {
        let with_key = [reply, b"j"].concat();
        assert_eq!(decode(&[&with_key]), ["j"], "{}", reply.escape_ascii());
        let pieces: Vec<&[u8]> = with_key.chunks(1).collect();
        assert_eq!(decode(&pieces), ["j"], "{}", reply.escape_ascii());
    }
}

#[test]
fn a_reply_that_is_cut_by_a_pause_types_nothing() {
    let replies: [&[u8]; 3] = [
        b"\x1b[?62;22c",
        b"\x1b]10;rgb:1e1e/1e1e/1e1e\x1b\\",
        b"\x1bP>|tmux 3.4\x1b\\",
    ];

    for reply in replies {
        for cut in 2..reply.len() - 2 {
            let (first, rest) = reply.split_at(cut);
            let decoded = decode(&[first, SILENCE, rest, b"j"]);
            let first_key = decoded.first().map(String::as_str);
            assert!(matches!(first_key, Some("j" | "Esc")), "{decoded:?}");
            assert_eq!(decoded.last().map(String::as_str), Some("j"));
        }
        // The escape alone is a key by then, and the rest still none.
        assert_eq!(decode(&[b"\x1b", SILENCE, &reply[1..], b"j"]), ["Esc", "j"]);
    }
}

#[test]
fn an_arrow_that_a_slow_link_cuts_is_one() {
    let mut decoder = Decoder::default();
    let mut out = VecDeque::new();
    decoder.feed(b"\x1b", &mut out);
    assert!(decoder.timeout() > Some(Duration::from_millis(100)));
    decoder.feed(b"[B", &mut out);
    assert_eq!(out.pop_front().map(in_words).as_deref(), Some("↓"));
}

#[test]
fn ctrl_c_ends_any_sequence() {
    for begun in [
        "\x1b", "\x1b[", "\x1b[12", "\x1b[M", "\x1b]11;", "\x1bP", "\x1b_G", "\x1bO",
    ] {
        let decoded = decode(&[begun.as_bytes(), b"\x03"]);
        let last = decoded.last().map(String::as_str);
        assert!(matches!(last, Some("Ctrl-C" | "Ctrl-Alt-C")), "{decoded:?}");
    }
}

#[test]
fn an_endless_text_holds_nothing() {
    let mut decoder = Decoder::default();
    let mut out = VecDeque::new();
    decoder.feed(b"\x1b]52;c;", &mut out);
    for _ in 0..1_000 {
        decoder.feed(&[b'x'; 1_000], &mut out);
    }
    decoder.feed(b"\x1b\\", &mut out);
    out.clear();
    decoder.feed(b"j", &mut out);
    assert_eq!(out.pop_front().map(in_words).as_deref(), Some("j"));
}

#[test]
fn a_sequence_that_a_paste_cuts_off_does_not_swallow_the_next_key() {
    let mut decoder = Decoder::default();
    let mut out = VecDeque::new();
    decoder.feed(b"\x1b[\x1b[200~", &mut out);
    decoder.on_timeout(&mut out);
    out.clear();
    decoder.feed(b"j", &mut out);
    assert_eq!(out.pop_front().map(in_words).as_deref(), Some("j"));
}

/// Bytes as a hostile terminal sends them: markers and sequences, whole, cut and mixed
/// with anything.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop_oneof![
        Just(PASTE_START.to_vec()),
        Just(PASTE_END.to_vec()),
        Just(b"\x1b".to_vec()),
        Just(b"\x1b[".to_vec()),
        Just(b"\x1b[2".to_vec()),
        Just(b"\x1b[<0;5;7M".to_vec()),
        Just(b"\x1b[<9999999999;5".to_vec()),
        Just(b"\x1b[M".to_vec()),
        Just(b"\x1b]11;rgb:".to_vec()),
        Just(b"\x1bP1$r".to_vec()),
        Just(b"\x1bO".to_vec()),
        Just(vec![CTRL_C]),
        Just("é抹".as_bytes().to_vec()),
        vec(any::<u8>(), 0..12),
    ];

    vec(fragment, 0..12).prop_map(|fragments| fragments.concat())
}

/// Input of a terminal that sends only whole sequences.
fn usual_bytes() -> impl Strategy<Value = Vec<u8>> {
    let sequence = prop_oneof![
        Just("j"),
        Just("é"),
        Just("抹"),
        Just("\r"),
        Just("\x1b[A"),
        Just("\x1b[5~"),
        Just("\x1b[1;5C"),
        Just("\x1bOP"),
        Just("\x1b[<64;12;7M"),
        Just("\x1b[200~one\ntwo\x1b[201~"),
        Just("\x03"),
    ];
    vec(sequence, 0..20).prop_map(|sequences| sequences.concat().into_bytes())
}

/// `bytes` in pieces, cut at these positions.
fn cut<'a>(bytes: &'a [u8], positions: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = positions
        .iter()
        .map(|position| position.index(bytes.len() + 1))
        .collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

proptest! {
    #[test]
    fn after_any_bytes_keys_work_again(
        bytes in hostile_bytes(),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
        silences in vec(any::<bool>(), 8),
    ) {
        let mut decoder = Decoder::default();
        let mut out = VecDeque::new();
        for (piece, silence) in cut(&bytes, &cuts).into_iter().zip(silences.into_iter().cycle()) {
            decoder.feed(piece, &mut out);
            if silence {
                decoder.on_timeout(&mut out);
            }
            // No more is held than the beginning of a marker.
            let held = decoder.paste.as_ref().map_or(0, |paste| paste.held.len());
            prop_assert!(held < PASTE_END.len());
        }

        // Each silence ends one thing: a paste, the beginning of a sequence, the sequence.
        for _ in 0..3 {
            decoder.on_timeout(&mut out);
        }
        prop_assert_eq!(decoder.timeout(), None);
        out.clear();
        decoder.feed(b"j", &mut out);
        prop_assert_eq!(out.into_iter().map(in_words).collect::<Vec<_>>(), ["j"]);
    }

    #[test]
    fn it_does_not_matter_where_input_is_cut(
        bytes in usual_bytes(),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        prop_assert_eq!(decode(&cut(&bytes, &cuts)), decode(&[&bytes]));
    }

    #[test]
    fn ctrl_c_ends_any_paste(text in "[a-z ]{0,40}", cuts in vec(any::<prop::sample::Index>(), 0..5)) {
        let bytes = format!("\x1b[200~{text}\x03");
        let decoded = decode(&cut(bytes.as_bytes(), &cuts));
        prop_assert_eq!(decoded.last().map(String::as_str), Some("Ctrl-C"));
    }
}
