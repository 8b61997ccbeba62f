//! Repeats writes that do no harm when they are done twice, where no answer came.

use crate::store::connection::Connection;
use crate::store::connection::retry::RetryPolicy;
use crate::store::error::{Error, Trouble};

/// The reason why a repeated write has no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepeatError {
    /// It was refused, or met trouble before anything could change.
    Failed(Error),
    /// It was sent and no answer came: it may have been done.
    Unknown(Trouble),
}

/// One attempt at a write.
#[derive(Debug)]
pub(crate) struct WriteAttempt {
    /// An attempt before this one may have done it.
    pub(crate) may_be_done: bool,
    /// This attempt has sent it, or is about to.
    is_sent: bool,
}

impl WriteAttempt {
    /// Notes that the write is sent from here on: until an answer comes, it may be done.
    pub(crate) fn note_sent(&mut self) {
        self.is_sent = true;
    }
}

/// The times that something is looked at again that others change meanwhile.
const MOST_ATTEMPTS: usize = 20;

impl Connection {
    /// Does a write that may be done twice, and again over a new connection where no answer
    /// came, for up to five seconds. `write` is told whether it may have been done before.
    ///
    /// # Errors
    /// [`RepeatError::Unknown`] where it may have been done, and else the error of `write`.
    pub async fn repeat<T>(
        &mut self,
        mut write: impl AsyncFnMut(&mut Connection, bool) -> Result<T, Error>,
    ) -> Result<T, RepeatError> {
        self.repeat_attempts(async |connection, attempt| {
            attempt.note_sent();
            write(connection, attempt.may_be_done).await
        })
        .await
    }

    /// Does a write like [`repeat`](Self::repeat), which notes when it is sent: what breaks before
    /// leaves no doubt.
    async fn repeat_attempts<T>(
        &mut self,
        mut write: impl AsyncFnMut(&mut Connection, &mut WriteAttempt) -> Result<T, Error>,
    ) -> Result<T, RepeatError> {
        // The trouble after which it may have been done.
        let mut doubt: Option<Trouble> = None;
        let mut retry = RetryPolicy::CHANGE.start();

        loop {
            let mut attempt = WriteAttempt {
                may_be_done: doubt.is_some(),
                is_sent: false,
            };
            let error = match write(self, &mut attempt).await {
                Ok(written) => return Ok(written),
                // It is done already, and waiting longer brings no replicas back.
                Err(error @ Error::Trouble(Trouble::TooFewReplicas { .. })) => {
                    return Err(RepeatError::Failed(error));
                }
                Err(error) => error,
            };
            if let Error::Trouble(trouble) = &error
                && trouble.is_ambiguous()
                && attempt.is_sent
            {
                doubt = Some(trouble.clone());
            }

            if let Err(last) = retry.again(self, error).await {
                return Err(match (last, doubt) {
                    // What is refused after that may be so because it is done.
                    (Error::Trouble(_) | Error::Refused(_), Some(doubt)) => {
                        RepeatError::Unknown(doubt)
                    }
                    (last, _) => RepeatError::Failed(last),
                });
            }
        }
    }

    /// Does a write like [`repeat`](Self::repeat), which notes when it is sent. Where `attempt` returns
    /// `None`, somebody else was faster, and it is tried again.
    ///
    /// # Errors
    /// The errors of [`repeat`](Self::repeat); [`Trouble::Changing`] where others always are faster.
    pub(crate) async fn repeat_against_others<T>(
        &mut self,
        mut attempt: impl AsyncFnMut(&mut Connection, &mut WriteAttempt) -> Result<Option<T>, Error>,
    ) -> Result<T, RepeatError> {
        self.repeat_attempts(async |connection, of_write| {
            for _ in 0..MOST_ATTEMPTS {
                if let Some(done) = attempt(connection, of_write).await? {
                    return Ok(done);
                }
                // It was answered, and is certainly not done.
                of_write.is_sent = false;
            }
            Err(Trouble::Changing.into())
        })
        .await
    }
}
