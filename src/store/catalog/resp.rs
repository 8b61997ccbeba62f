//! The protocol's replies, found in the bytes of a server and left where they lie.
//!
//! A server is not trusted here. The library bounds what it reads: 128 arrays within arrays, 512
//! MiB of text, 64 KiB in a line. Its `unsafe` code is behind a feature that is off. This is the
//! only file that knows it.

use resp_rs::codec::CodecError;
use resp_rs::resp2::{Codec, Frame};
use std::io;
use tokio_util::bytes::BytesMut;
use tokio_util::codec::Decoder;

/// One reply of a server.
pub(crate) struct Reply(Frame);

impl Reply {
    /// Returns whether the reply is a status, as `+OK` is.
    pub(crate) fn is_status(&self) -> bool {
        matches!(self.0, Frame::SimpleString(_))
    }

    /// The text of an error; `None` for any other reply.
    pub(crate) fn error(&self) -> Option<&[u8]> {
        match &self.0 {
            Frame::Error(text) => Some(text),
            _ => None,
        }
    }

    /// The texts of an array, `None` in place of any other value; `None` where the reply is no
    /// array.
    pub(crate) fn texts<const COUNT: usize>(&self) -> Option<[Option<&[u8]>; COUNT]> {
        let values = self.0.as_array()?;

        Some(std::array::from_fn(|index| match values.get(index) {
            Some(Frame::BulkString(Some(text))) => Some(&text[..]),
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
    Malformed(String),
}

/// Cuts the bytes of a server into replies.
#[derive(Default)]
pub(crate) struct ReplyDecoder(Codec);

impl Decoder for ReplyDecoder {
    type Item = Reply;
    type Error = ReplyError;

    fn decode(&mut self, received: &mut BytesMut) -> Result<Option<Reply>, ReplyError> {
        match self.0.decode(received) {
            Ok(frame) => Ok(frame.map(Reply)),
            Err(CodecError::Io(error)) => Err(ReplyError::Io(error)),
            Err(error) => Err(ReplyError::Malformed(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The replies that these bytes hold, and whether what follows them is malformed.
    fn decode_all(bytes: &[u8]) -> (Vec<Reply>, bool) {
        let mut received = BytesMut::from(bytes);
        let mut decoder = ReplyDecoder::default();
        let mut replies = Vec::new();
        loop {
            match decoder.decode(&mut received) {
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
        let endless = format!("+{}", "x".repeat(64 * 1024 + 2));
        for hostile in [
            deep.as_str(),
            &endless,
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
            "?\r\n",
            "\r\n",
        ] {
            let (replies, malformed) = decode_all(hostile.as_bytes());
            assert!(malformed && replies.is_empty(), "{hostile:.30}");
        }
    }

    proptest! {
        /// Replies are the same however the bytes are cut.
        #[test]
        fn nothing_that_a_server_says_is_a_panic(
            bytes in "([*$+:-]-?[0-9]{0,3}\r\n|[*$+:-]|[0-9a-z]{0,4}|\r|\n|\r\n){0,40}",
            cut in any::<prop::sample::Index>(),
        ) {
            let (replies, malformed) = decode_all(bytes.as_bytes());
            for reply in &replies {
                let _ = (reply.is_status(), reply.error(), reply.texts::<6>());
            }

            let (first, second) = bytes.as_bytes().split_at(cut.index(bytes.len() + 1));
            let mut received = BytesMut::from(first);
            let mut decoder = ReplyDecoder::default();
            let mut pieces = 0;
            let mut failed = false;
            for more in [&[][..], second] {
                received.extend_from_slice(more);
                while !failed {
                    match decoder.decode(&mut received) {
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
