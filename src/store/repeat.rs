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
        // The trouble after which it may have been done.
        let mut doubt: Option<Trouble> = None;
        let mut retry = RetryPolicy::CHANGE.start();

        loop {
            let error = match write(self, doubt.is_some()).await {
                Ok(written) => return Ok(written),
                // It is done already, and waiting longer brings no replicas back.
                Err(error @ Error::Trouble(Trouble::TooFewReplicas { .. })) => {
                    return Err(RepeatError::Failed(error));
                }
                Err(error) => error,
            };
            if let Error::Trouble(trouble) = &error
                && trouble.is_ambiguous()
            {
                doubt = Some(trouble.clone());
            }

            if let Err(last) = retry.again(self, error).await {
                return Err(match (last, doubt) {
                    (Error::Trouble(_), Some(doubt)) => RepeatError::Unknown(doubt),
                    (last, _) => RepeatError::Failed(last),
                });
            }
        }
    }

    /// Does a write like [`repeat`](Self::repeat). Where `attempt` returns `None`, somebody else was
    /// faster, and it is tried again.
    ///
    /// # Errors
    /// The errors of [`repeat`](Self::repeat); [`Trouble::Changing`] where others always are faster.
    pub(crate) async fn repeat_against_others<T>(
        &mut self,
        mut attempt: impl AsyncFnMut(&mut Connection, bool) -> Result<Option<T>, Error>,
    ) -> Result<T, RepeatError> {
        self.repeat(async |connection, may_be_done| {
            for _ in 0..MOST_ATTEMPTS {
                if let Some(done) = attempt(connection, may_be_done).await? {
                    return Ok(done);
                }
            }
            Err(Trouble::Changing.into())
        })
        .await
    }
}
