//! The protocol's replies, found in the bytes of a server and left where they lie.
//!
//! A server is not trusted here. The parsing library has no limits of its own: a nesting
//! without end would take all of its stack, and a line without end would be searched over and
//! over. So each reply is measured first, within limits, and parsed once it is all there. This
//! is the only file that knows the library.

use redis_protocol::resp2::decode::decode_range;
use redis_protocol::resp2::types::RangeFrame;
use std::io;
use tokio_util::bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

/// Arrays within arrays. No reply to a command that is sent here has more than one.
const MOST_NESTED: usize = 8;
/// Values of one reply, with those of all its arrays.
const MOST_VALUES: usize = 1_024;
/// The longest status, error or number, in bytes.
const LONGEST_LINE: usize = 64 * 1024;
/// The longest text, in bytes: what Redis itself takes at most, unless it is told otherwise.
const LONGEST_TEXT: usize = 512 * 1024 * 1024;

/// One reply of a server, which owns the bytes that it was read from.
pub(crate) struct Reply {
    bytes: Bytes,
    frame: RangeFrame,
}

impl Reply {
    /// Returns whether the reply is a status, as `+OK` is.
    pub(crate) fn is_status(&self) -> bool {
        matches!(self.frame, RangeFrame::SimpleString(_))
    }

    /// The text of an error; `None` for any other reply.
    pub(crate) fn error(&self) -> Option<&[u8]> {
        match self.frame {
            RangeFrame::Error((start, end)) => self.bytes.get(start..end),
            _ => None,
        }
    }

    /// The texts of an array, `None` in place of any other value; `None` where the reply is no
    /// array.
    pub(crate) fn texts<const COUNT: usize>(&self) -> Option<[Option<&[u8]>; COUNT]> {
        let RangeFrame::Array(values) = &self.frame else {
            return None;
        };

        Some(std::array::from_fn(|index| match values.get(index) {
            Some(RangeFrame::BulkString((start, end))) => self.bytes.get(*start..*end),
            _ => None,
        }))
    }
}

/// The reason why the bytes of a server can't be read on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplyError {
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The bytes are not of the protocol, or beyond a limit.
    #[error("{0}")]
    Malformed(&'static str),
}

/// Cuts the bytes of a server into replies.
pub(crate) struct ReplyDecoder;

impl Decoder for ReplyDecoder {
    type Item = Reply;
    type Error = ReplyError;

    fn decode(&mut self, received: &mut BytesMut) -> Result<Option<Reply>, ReplyError> {
        let Some(length) = reply_length(received)? else {
            return Ok(None);
        };
        let bytes = received.split_to(length).freeze();

        match decode_range(&bytes) {
            Ok(Some((frame, parsed))) if parsed == length => Ok(Some(Reply { bytes, frame })),
            Ok(_) => Err(ReplyError::Malformed("the length of a reply is not clear")),
            Err(_) => Err(ReplyError::Malformed("a reply can't be understood")),
        }
    }
}

/// The length of the reply that `received` begins with; `None` while a part of it is missing.
///
/// # Errors
/// [`ReplyError::Malformed`] as soon as it can't become a reply within the limits.
fn reply_length(received: &[u8]) -> Result<Option<usize>, ReplyError> {
    let mut rest = received;
    let mut values_read = 0;

    // The values that each open array still lacks; what was asked for counts as one of them.
    let mut missing = [0; MOST_NESTED + 1];
    let mut depth = 0;
    missing[0] = 1;

    loop {
        // Arrays that are complete are closed.
        while missing[depth] == 0 {
            if depth == 0 {
                return Ok(Some(received.len() - rest.len()));
            }
            depth -= 1;
        }
        missing[depth] -= 1;

        values_read += 1;
        if values_read > MOST_VALUES {
            return Err(ReplyError::Malformed("a reply has too many values"));
        }

        match skip_value(&mut rest)? {
            SkippedValue::Scalar => {}
            SkippedValue::ArrayHead(count) => {
                depth += 1;
                match missing.get_mut(depth) {
                    Some(slot) => *slot = count,
                    None => return Err(ReplyError::Malformed("a reply is nested too deep")),
                }
            }
            SkippedValue::Incomplete => return Ok(None),
        }
    }
}

/// The kind of value that was just skipped.
enum SkippedValue {
    /// A value without others inside.
    Scalar,
    /// The head of an array, which this many values follow.
    ArrayHead(usize),
    /// Nothing: a part of the value is still missing.
    Incomplete,
}

/// Skips the next value; of an array only its head.
fn skip_value(rest: &mut &[u8]) -> Result<SkippedValue, ReplyError> {
    let Some((kind, line)) = take_line(rest)? else {
        return Ok(SkippedValue::Incomplete);
    };

    match kind {
        b'+' | b'-' => Ok(SkippedValue::Scalar),
        b':' => match std::str::from_utf8(line).map(str::parse::<i64>) {
            Ok(Ok(_)) => Ok(SkippedValue::Scalar),
            _ => Err(ReplyError::Malformed("a number can't be understood")),
        },
        b'$' => match length(line, LONGEST_TEXT)? {
            Some(length) => skip_text(rest, length),
            None => Ok(SkippedValue::Scalar),
        },
        b'*' => match length(line, MOST_VALUES)? {
            Some(count) => Ok(SkippedValue::ArrayHead(count)),
            None => Ok(SkippedValue::Scalar),
        },
        _ => Err(ReplyError::Malformed("a reply is of no known kind")),
    }
}

/// Takes the first line with its kind; `None` while its end is missing.
fn take_line<'a>(rest: &mut &'a [u8]) -> Result<Option<(u8, &'a [u8])>, ReplyError> {
    let bytes: &'a [u8] = rest;
    let Some((kind, after_kind)) = bytes.split_first() else {
        return Ok(None);
    };
    if !b"+-:$*".contains(kind) {
        return Err(ReplyError::Malformed("a reply is of no known kind"));
    }

    let searched = &after_kind[..after_kind.len().min(LONGEST_LINE + 1)];
    let Some(end) = memchr::memchr(b'\r', searched) else {
        return if searched.len() > LONGEST_LINE {
            Err(ReplyError::Malformed("a line of a reply is too long"))
        } else {
            Ok(None)
        };
    };

    match after_kind.get(end + 1) {
        Some(b'\n') => {
            *rest = &after_kind[end + 2..];
            Ok(Some((*kind, &after_kind[..end])))
        }
        Some(_) => Err(ReplyError::Malformed("a line of a reply has no end")),
        None => Ok(None),
    }
}

/// Skips a text of this length and the end of its line.
fn skip_text(rest: &mut &[u8], length: usize) -> Result<SkippedValue, ReplyError> {
    match rest.get(length..length + 2) {
        Some(b"\r\n") => {
            rest.advance(length + 2);
            Ok(SkippedValue::Scalar)
        }
        Some(_) => Err(ReplyError::Malformed("a text is longer than its length")),
        None => Ok(SkippedValue::Incomplete),
    }
}

/// Reads the length of a text or array; `None` for the `-1` of one that is missing.
fn length(digits: &[u8], limit: usize) -> Result<Option<usize>, ReplyError> {
    if digits == b"-1" {
        return Ok(None);
    }

    let mut length = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(ReplyError::Malformed("a length is no number"));
        }
        length = length * 10 + usize::from(digit - b'0');
        if length > limit {
            return Err(ReplyError::Malformed("a length is beyond the limit"));
        }
    }

    if digits.is_empty() {
        Err(ReplyError::Malformed("a length is no number"))
    } else {
        Ok(Some(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The replies that these bytes hold, and whether what follows them is malformed.
    fn decode_all(bytes: &[u8]) -> (Vec<Reply>, bool) {
        let mut received = BytesMut::from(bytes);
        let mut replies = Vec::new();
        loop {
            match ReplyDecoder.decode(&mut received) {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => return (replies, false),
                Err(_) => return (replies, true),
            }
        }
    }

    #[test]
    fn replies_are_read_where_they_lie() {
        let (replies, malformed) = decode_all(b"+OK\r\n-ERR no\r\n*3\r\n$1\r\na\r\n$-1\r\n:7\r\n");
        assert!(!malformed);
        assert!(replies[0].is_status() && replies[0].texts::<3>().is_none());
        assert_eq!(replies[1].error(), Some(&b"ERR no"[..]));
        assert_eq!(replies[2].texts(), Some([Some(&b"a"[..]), None, None]));
    }

    #[test]
    fn a_reply_waits_for_its_last_byte() {
        let whole = b"*2\r\n*1\r\n$3\r\na\r\n\r\n*0\r\n";
        for cut in 0..whole.len() {
            let (replies, malformed) = decode_all(&whole[..cut]);
            assert!(replies.is_empty() && !malformed, "{cut}");
        }
        assert_eq!(decode_all(whole).0.len(), 1);
    }

    #[test]
    fn hostile_bytes_are_refused_before_they_are_parsed() {
        let deep = "*1\r\n".repeat(100_000);
        let endless = format!("+{}", "x".repeat(LONGEST_LINE + 1));
        let many = format!("*1000\r\n{}", "*1000\r\n".repeat(2));
        let wide = format!(
            "*2\r\n{}",
            format!("*1000\r\n{}", ":1\r\n".repeat(1000)).repeat(2)
        );
        for hostile in [
            deep.as_str(),
            &endless,
            &wide,
            "*1025\r\n",
            "*99999999999999999999999999\r\n",
            "*-2\r\n",
            "*+1\r\n",
            "*\r\n",
            "$536870913\r\n",
            "$18446744073709551615\r\n",
            "$-2\r\n",
            "$1\r\nab\r\n",
            ":1x\r\n",
            ":99999999999999999999\r\n",
            "+a\rb\r\n",
            "?\r\n",
            "\r\n",
        ] {
            let (replies, malformed) = decode_all(hostile.as_bytes());
            assert!(malformed && replies.is_empty(), "{hostile:.30}");
        }
        // Not yet beyond a limit.
        let (replies, malformed) = decode_all(many.as_bytes());
        assert!(replies.is_empty() && !malformed);
    }

    proptest! {
        /// The library reads to the same end whatever the limits let through, however the
        /// bytes are cut.
        #[test]
        fn nothing_that_a_server_says_is_a_panic(
            bytes in "([*$+:-]-?[0-9]{0,3}\r\n|[*$+:-]|[0-9a-z]{0,4}|\r|\n|\r\n){0,40}",
            cut in any::<prop::sample::Index>(),
        ) {
            let (replies, malformed) = decode_all(bytes.as_bytes());
            for reply in &replies {
                prop_assert!(reply_length(&reply.bytes).unwrap() == Some(reply.bytes.len()));
                let _ = (reply.is_status(), reply.error(), reply.texts::<6>());
            }

            let (first, second) = bytes.as_bytes().split_at(cut.index(bytes.len() + 1));
            let mut received = BytesMut::from(first);
            let mut pieces = 0;
            let mut failed = false;
            for more in [&[][..], second] {
                received.extend_from_slice(more);
                while !failed {
                    match ReplyDecoder.decode(&mut received) {
                        Ok(Some(_)) => pieces += 1,
                        Ok(None) => break,
                        Err(_) => failed = true,
                    }
                }
            }
            prop_assert_eq!((pieces, failed), (replies.len(), malformed));
        }

        #[test]
        fn nor_are_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_all(&bytes);
        }

        /// Good replies come out as they went in, whatever is in their texts.
        #[test]
        fn texts_come_out_as_they_went_in(
            texts in proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..40)), 6),
        ) {
            let mut bytes = b"*6\r\n".to_vec();
            for text in &texts {
                match text {
                    Some(text) => {
                        bytes.extend_from_slice(format!("${}\r\n", text.len()).as_bytes());
                        bytes.extend_from_slice(text);
                        bytes.extend_from_slice(b"\r\n");
                    }
                    None => bytes.extend_from_slice(b"$-1\r\n"),
                }
            }
            let (replies, malformed) = decode_all(&bytes);
            prop_assert!(!malformed && replies.len() == 1);
            let read: [Option<&[u8]>; 6] = replies[0].texts().unwrap();
            prop_assert_eq!(read.map(|text| text.map(<[u8]>::to_vec)).to_vec(), texts);
        }
    }
}
