use super::*;

const MS: Duration = Duration::from_millis(1);

/// A link to a terminal that answers, in a time of its own.
struct Link {
    flow: FrameFlow,
    now: Instant,
    /// The time of each byte on a line that takes one after the other.
    byte_time: Duration,
    /// The time of the way there and back.
    way: Duration,
    /// The moment at which the line is free.
    free_at: Instant,
    /// The moments at which answers come.
    answers: VecDeque<(Instant, usize)>,
    is_idle: bool,
}

impl Link {
    fn new(bytes_per_second: u32, way: Duration) -> Link {
        let now = Instant::now();
        let mut link = Link {
            flow: FrameFlow::new(now),
            now,
            byte_time: Duration::from_secs(1) / bytes_per_second,
            way,
            free_at: now,
            answers: VecDeque::new(),
            is_idle: true,
        };
        // The first answers, of a start.
        for _ in 0..3 {
            link.send(40);
            link.pass(2_000 * MS);
        }
        link
    }

    fn send(&mut self, bytes: usize) {
        assert!(self.is_idle);
        assert!(self.flow.begin_frame(bytes, self.now));
        self.free_at = self.free_at.max(self.now) + self.byte_time * u32::try_from(bytes).unwrap();
        self.answers.push_back((self.free_at + self.way, bytes));
        self.is_idle = self.flow.end_frame();
    }

    /// Lets time pass, with the answers that come in it.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some((at, _)) = self.answers.front().filter(|(at, _)| *at <= until) {
            self.now = *at;
            self.answers.pop_front();
            assert!(self.flow.held_until().is_none_or(|until| until > self.now));
            self.is_idle |= self.flow.take_in(STATUS, self.now).releases;
        }
        self.now = until;
    }

    /// Holds a key that repeats 30 times a second, with frames of so many bytes; returns how many
    /// went, and the most bytes that were on their way.
    fn hold_key(&mut self, presses: usize, bytes: usize) -> (usize, usize) {
        let (mut frames, mut most) = (0, 0);
        for _ in 0..presses {
            if self.is_idle {
                self.send(bytes);
                frames += 1;
            }
            most = most.max(self.answers.iter().map(|(_, bytes)| bytes).sum());
            self.pass(33 * MS);
        }
        (frames, most)
    }
}

#[test]
fn a_slow_line_has_half_a_second_and_a_frame_on_its_way() {
    for bytes in [50, 200, 515, 1_700] {
        let mut line = Link::new(960, Duration::ZERO);
        let (frames, most) = line.hold_key(300, bytes);
        assert!(most <= LEAST_WINDOW + bytes, "{most} of {bytes}");
        // It is never without work.
        let took = 300 * 33 * 960 / 1_000 / bytes;
        assert!(frames >= took.min(300), "{frames} of {took}");
    }
}

#[test]
fn a_long_way_with_room_soon_takes_a_frame_for_each_key() {
    let mut link = Link::new(1_000_000, 600 * MS);
    link.hold_key(100, 515);
    let (frames, most) = link.hold_key(100, 515);
    assert_eq!(frames, 100, "{most} bytes on their way");

    // One that was quick and gets slow goes back.
    link.byte_time = Duration::from_secs(1) / 960;
    link.hold_key(600, 515);
    let (_, most) = link.hold_key(300, 515);
    assert!(most <= LEAST_WINDOW + 515, "{most} bytes on their way");
}

#[test]
fn a_way_that_gets_longer_has_room_again_soon() {
    let mut link = Link::new(1_000_000, Duration::ZERO);
    link.way = 600 * MS;
    for _ in 0..REMEMBERED {
        link.send(200);
        link.pass(1_000 * MS);
    }
    link.hold_key(100, 515);
    let (frames, most) = link.hold_key(100, 515);
    assert_eq!(frames, 100, "{most} bytes on their way");
}

#[test]
fn a_terminal_that_never_answers_is_asked_once_and_never_waited_for() {
    let start = Instant::now();
    let mut flow = FrameFlow::new(start);
    assert!(flow.begin_frame(6_000, start));
    assert!(flow.end_frame());
    for second in 0..100 {
        let now = start + Duration::from_secs(second);
        assert!(!flow.begin_frame(6_000, now));
        assert!(flow.end_frame());
        assert_eq!(flow.held_until(), None);
    }

    // Just after its start the end costs little, and later nothing.
    let deadline = flow.close(start);
    assert_eq!(flow.last_wait(deadline, start), Some(LAST_TIMEOUT_UNKNOWN));
    assert_eq!(flow.last_wait(deadline, deadline), None);
    let late = start + Duration::from_secs(100);
    let deadline = flow.close(late);
    assert_eq!(flow.last_wait(deadline, late), None);
}

#[test]
fn one_that_answers_no_more_is_waited_for_once() {
    let start = Instant::now();
    let mut flow = FrameFlow::new(start);
    flow.begin_frame(40, start);
    flow.end_frame();
    assert!(flow.take_in(STATUS, start).is_only_answers);

    assert!(flow.begin_frame(1_000, start));
    assert!(!flow.end_frame());
    assert_eq!(flow.held_until(), Some(start + 3_000 * MS));
    assert!(flow.give_up());
    assert_eq!(flow.held_until(), None);
    assert!(!flow.begin_frame(1_000, start));
    assert!(flow.end_frame());

    // Once it has answered, late, it is asked again.
    let late = start + Duration::from_secs(20);
    assert!(!flow.take_in(STATUS, late).releases);
    assert!(flow.begin_frame(1_000, late));
    assert!(!flow.end_frame());
}

#[test]
fn answers_are_found_wherever_they_are_cut_and_others_mean_nothing() {
    let start = Instant::now();
    let mut flow = FrameFlow::new(start);
    let mut asked = 0;
    let pieces: [&[&[u8]]; 6] = [
        &[b"\x1b[0n"],
        &[b"\x1b", b"[0", b"n"],
        &[b"j\x1b[0nk"],
        &[b"\x1b\x1b[0n"],
        &[b"\x1b[\x1b[", b"0n"],
        &[b"\x1b[3n\x1b[?0n\x1b[0;0n\x1b[00n0n\x1b[0n"],
    ];
    for whole in pieces {
        assert!(flow.begin_frame(1_000, start));
        asked += 1;
        flow.end_frame();
        for piece in whole {
            assert!(!flow.unanswered.is_empty(), "{whole:?}");
            let found = flow.take_in(piece, start);
            assert_eq!(found.is_only_answers, *piece == STATUS, "{piece:?}");
        }
        assert!(flow.unanswered.is_empty(), "{asked}: {whole:?}");
    }

    // A thousand answers to nothing are worth no more than none.
    let many = STATUS.repeat(1_000);
    assert!(flow.take_in(&many, start).is_only_answers);
    assert!(flow.begin_frame(20_000, start));
    assert!(!flow.end_frame());
    assert_eq!(flow.held_until(), Some(start + 22_000 * MS));
}

#[test]
fn at_the_end_answers_are_awaited_and_nothing_is_asked() {
    let start = Instant::now();
    let mut flow = FrameFlow::new(start);
    flow.begin_frame(40, start);
    flow.take_in(STATUS, start);
    flow.begin_frame(6_000, start);
    assert!(!flow.end_frame());

    assert_eq!(flow.close(start), start + LAST_TIMEOUT);
    assert!(!flow.begin_frame(40, start));
    assert!(!flow.unanswered.is_empty());
    flow.take_in(STATUS, start);
    assert!(flow.unanswered.is_empty());

    assert!(!flow.restart(start));
    assert!(flow.begin_frame(40, start));
}
