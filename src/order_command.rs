//! The shell command that deals with an order: it gets the receipt, or a document, on its input.

use crate::model::{OrderId, OrderState, text};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use std::convert::Infallible;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// The time that a command has to end when it is asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// The pause between two looks whether all processes of a command have ended.
const LOOK: Duration = Duration::from_millis(20);

/// The command that deals with orders.
pub(crate) struct OrderCommand {
    /// A line of the shell, which whoever started this program wrote. Nothing is ever put into it.
    line: String,
    /// The time after which it is ended.
    timeout: Duration,
}

/// The facts about its order that a command is told besides what it reads.
pub(crate) struct OrderFacts<'a> {
    pub(crate) id: &'a OrderId,
    pub(crate) number: Option<u32>,
    pub(crate) state: Option<OrderState>,
    pub(crate) cart: &'a str,
}

/// Where what a command prints goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandOutput {
    /// Where this program prints.
    Inherited,
    /// Nowhere: the terminal is a screen.
    Dropped,
}

/// A reason why a command has not dealt with an order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("the command can't be run: {0}")]
    Start(io::Error),
    #[error("the command has failed ({0})")]
    Failed(ExitStatus),
    #[error("the command can't be waited for: {0}")]
    Wait(io::Error),
    #[error("the command was ended after {}", text::count(.0.as_secs(), "second"))]
    TimedOut(Duration),
}

impl OrderCommand {
    pub(crate) fn new(line: String, timeout: Duration) -> OrderCommand {
        OrderCommand { line, timeout }
    }

    /// Starts it for an order.
    pub(crate) fn start(
        &self,
        order: &OrderFacts<'_>,
        output: CommandOutput,
    ) -> Result<RunningCommand, CommandError> {
        let number = order.number.map(|number| number.to_string());
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(&self.line)
            .env("TROLLEY_ORDER", order.id.as_str())
            .env("TROLLEY_NUMBER", number.unwrap_or_default())
            .env("TROLLEY_STATE", order.state.map_or("", OrderState::name))
            .env("TROLLEY_CART", order.cart)
            .stdin(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if output == CommandOutput::Dropped {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }

        let child = command.spawn().map_err(CommandError::Start)?;
        Ok(RunningCommand {
            group: child.id().and_then(|id| Pid::from_raw(id.cast_signed())),
            child,
            limit: self.timeout,
        })
    }

    /// Runs it for an order to its end.
    pub(crate) async fn run(
        &self,
        order: &OrderFacts<'_>,
        document: &[u8],
        output: CommandOutput,
    ) -> Result<(), CommandError> {
        let mut running = self.start(order, output)?;
        running.finish(document).await
    }
}

/// A command that runs, in a process group of its own.
pub(crate) struct RunningCommand {
    child: Child,
    group: Option<Pid>,
    /// The time after which it is ended.
    limit: Duration,
}

impl RunningCommand {
    /// Gives it its input and waits until it has ended.
    pub(crate) async fn finish(&mut self, document: &[u8]) -> Result<(), CommandError> {
        match timeout(self.limit, self.feed_and_wait(document)).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(CommandError::Failed(status)),
            Ok(Err(error)) => Err(CommandError::Wait(error)),
            Err(_) => {
                self.end().await;
                Err(CommandError::TimedOut(self.limit))
            }
        }
    }

    async fn feed_and_wait(&mut self, document: &[u8]) -> io::Result<ExitStatus> {
        let input = self.child.stdin.take();
        let feeding = async {
            if let Some(mut input) = input {
                // It may leave its input unread.
                let _ = input.write_all(document).await;
            }
            // Dropped by now, so that the command has read it to its end.
            std::future::pending::<Infallible>().await
        };

        tokio::select! {
            status = self.child.wait() => status,
            never = feeding => match never {},
        }
    }

    /// Asks all its processes to end, and kills those that don't.
    pub(crate) async fn end(&mut self) {
        self.signal(Signal::TERM);
        if timeout(GRACE, self.all_ended()).await.is_err() {
            self.signal(Signal::KILL);
            // One that a device holds can't even be killed.
            let _ = timeout(GRACE, self.child.wait()).await;
        }
    }

    async fn all_ended(&mut self) {
        let _ = self.child.wait().await;
        while self
            .group
            .is_some_and(|group| test_kill_process_group(group).is_ok())
        {
            sleep(LOOK).await;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // They may all have ended.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        // It is known as long as nobody has waited for its end.
        if self.child.id().is_some() {
            self.signal(Signal::KILL);
        }
    }
}
